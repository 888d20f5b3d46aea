/*
 * Pledging. The card is given on the provider's own page, which sends the browser back here with the card's
 * name; a bank that wants to see its customer does the same with the pledge's id. What was chosen waits
 * in the tab's storage meanwhile.
 */
import { element, fetchJson, money, sendJson, toMinor } from '/web/page.js';

const patience = 60;
const pause = 500;

const outcomes = {
    committed: 'Thank you! Your card is saved, and charged only if the campaign gets there.',
    authorized: 'Thank you! The amount is held on your card, and charged only if the campaign gets there.',
    captured: 'Thank you! Your card was charged.',
    abandoned: 'The time for this pledge is over. Nothing was charged.',
    dropped: 'The time to pay for this pledge is over. Nothing was charged.',
    released: 'The campaign did not get there. Nothing was charged.',
};

export function pledgePanel(campaign) {
    const kept = `pledge:${campaign.id}`;
    const basket = () => JSON.parse(sessionStorage.getItem(kept) || '{}');
    const keep = (changes) => sessionStorage.setItem(kept, JSON.stringify({ ...basket(), ...changes }));
    const say = element('p', { class: 'say', role: 'status' });
    const place = element('div', {});

    function tell(words, bad = false) {
        say.textContent = words;
        say.classList.toggle('bad', bad);
    }

    function field(name, type, label, more = {}) {
        return element('label', {}, label, element('input', { name, type, required: true, ...more }));
    }

    /* A form whose button says what happens; what goes wrong is said below it. */
    function form(button, act, ...fields) {
        const node = element('form', { class: 'pledge' }, ...fields, element('button', { class: 'button' }, button));
        node.addEventListener('submit', (event) => {
            event.preventDefault();
            tell('');
            act(node.elements).catch((error) => tell(error.message, true));
        });
        place.replaceChildren(node);
    }

    function askWho() {
        form('Log in to pledge', async (inputs) => {
            await sendJson('/api/v1/users/login', { email: inputs.email.value, password: inputs.password.value });
            askHowMuch();
        }, field('email', 'email', 'E-mail', { autocomplete: 'username' }),
        field('password', 'password', 'Password', { autocomplete: 'current-password' }));
    }

    async function goToCardForm() {
        const { card_form: cardForm } = await fetchJson('/api/v1/checkout');
        if (!cardForm) throw new Error('Cards cannot be taken here at the moment.');
        const back = location.origin + location.pathname;
        location.assign(`${cardForm}?return_url=${encodeURIComponent(back)}`);
    }

    function askHowMuch() {
        const rewards = element('select', { name: 'reward' }, element('option', { value: '' }, 'No reward'),
            ...campaign.rewards.map((row) => element('option', { value: row.id },
                `${row.title} (${money(row.minimum, campaign.currency)})`)));
        form('Choose a card', async (inputs) => {
            const amount = toMinor(inputs.amount.value, campaign.currency);
            sessionStorage.removeItem(kept);
            keep({ amount, reward_id: inputs.reward.value || undefined });
            await goToCardForm();
        }, field('amount', 'text', `Your pledge in ${campaign.currency}`, { value: '25', inputMode: 'decimal' }),
        element('label', {}, 'Reward', rewards));
    }

    function askForAnotherCard() {
        tell('Your bank said no. Nothing was charged.', true);
        form('Choose another card', goToCardForm);
    }

    /* Looks until the provider has answered; on the way the bank may want its customer. */
    async function follow(pledgeId) {
        tell('One moment: your bank is asked.');
        for (let look = 0; look < patience; look++) {
            const pledge = await fetchJson(`/api/v1/pledges/${pledgeId}`);
            if (pledge.authenticate_url) {
                location.assign(pledge.authenticate_url);
                return;
            }
            if (outcomes[pledge.state]) {
                tell(outcomes[pledge.state]);
                sessionStorage.removeItem(kept);
                return;
            }
            if (pledge.decline) {
                keep({ pledge: pledgeId, later: pledge.state === 'errored' });
                askForAnotherCard();
                return;
            }
            await new Promise((resolve) => { setTimeout(resolve, pause); });
        }
        tell('Your bank has not answered yet. Look again in a while.');
    }

    async function pledgeWith(card) {
        const { amount, reward_id, pledge, later } = basket();
        if (pledge) {
            const door = later ? 'card' : 'confirm';
            await sendJson(`/api/v1/pledges/${pledge}/${door}`, { payment_method: card }, card);
            await follow(pledge);
            return;
        }
        const made = await sendJson(`/api/v1/campaigns/${campaign.id}/pledge`,
            { currency: campaign.currency, amount, reward_id, payment_method: card }, card);
        keep({ pledge: made.pledge_id });
        await follow(made.pledge_id);
    }

    async function begin() {
        const back = new URLSearchParams(location.search);
        const card = back.get('payment_method');
        const pledge = back.get('pledge');
        history.replaceState(null, '', location.pathname);
        if (card && (basket().amount || basket().pledge)) await pledgeWith(card);
        else if (pledge) await follow(pledge);
        else askWho();
    }

    begin().catch((error) => {
        askWho();
        tell(error.message, true);
    });
    return element('section', { class: 'panel' }, element('h2', {}, 'Pledge'), place, say);
}
