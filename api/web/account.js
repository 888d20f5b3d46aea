/* Where letters lead: an address is confirmed, a password chosen, pledges are looked after. */
import { element, fetchJson, money, sendJson } from '/web/page.js';

const root = document.getElementById('account');
const say = element('p', { class: 'say', role: 'status' });
const place = element('div', {});

const words = {
    checkout: 'not paid yet', requires_action: 'your bank wants to see you', committed: 'your card is saved',
    authorizing: 'your bank is asked', authorized: 'held on your card', capturing: 'being charged',
    captured: 'charged', errored: 'your bank said no', dropped: 'ended unpaid', cancelled: 'cancelled by you',
    released: 'never charged', abandoned: 'never paid', refund_pending: 'on its way back',
    partially_refunded: 'partly refunded', refunded: 'refunded', refund_failed: 'the refund did not arrive',
    disputed: 'disputed', charged_back: 'taken back by your bank',
};

function tell(sentence, bad = false) {
    say.textContent = sentence;
    say.classList.toggle('bad', bad);
}

function field(name, type, label, autocomplete) {
    return element('label', {}, label, element('input', { name, type, required: true, autocomplete }));
}

/* A form whose button says what happens; what goes wrong is said below it. */
function form(button, act, ...fields) {
    const node = element('form', { class: 'pledge' }, ...fields, element('button', { class: 'button' }, button));
    node.addEventListener('submit', (event) => {
        event.preventDefault();
        tell('');
        act(node.elements).catch((error) => tell(error.message, true));
    });
    return node;
}

async function showPledges(userId) {
    const { pledges } = await fetchJson(`/api/v1/users/${userId}/pledges`);
    place.replaceChildren(element('h2', {}, 'Your pledges'),
        pledges.length === 0 ? element('p', {}, 'There are none yet.') : element('ul', { class: 'pledges' },
            ...pledges.map((pledge) => element('li', {},
                element('a', { href: `/campaigns/${pledge.campaign_id}?pledge=${pledge.id}` },
                    money(pledge.amount, pledge.currency)),
                ` on ${pledge.created_at.slice(0, 10)}: ${words[pledge.state] || pledge.state}`))));
}

function askWho() {
    place.replaceChildren(
        form('Log in', async (inputs) => {
            const session = await sendJson('/api/v1/users/login',
                { email: inputs.email.value, password: inputs.password.value });
            await showPledges(session.user_id);
        }, field('email', 'email', 'E-mail', 'username'), field('password', 'password', 'Password', 'current-password')),
        form('Send me a letter to choose a new password', async (inputs) => {
            await sendJson('/api/v1/users/letters', { email: inputs.forgetful.value, letter: 'password_reset' });
            tell('If there is an account with this address, a letter is on its way.');
        }, field('forgetful', 'email', 'Password forgotten? Your e-mail', 'username')));
}

function askNewPassword(token) {
    place.replaceChildren(form('Choose this password', async (inputs) => {
        await sendJson('/api/v1/users/reset', { token, password: inputs.password.value });
        tell('Your password is changed. Log in with it.');
        askWho();
    }, field('password', 'password', 'New password', 'new-password')));
}

async function begin() {
    const link = new URLSearchParams(location.search);
    history.replaceState(null, '', location.pathname);
    if (link.get('reset_token')) {
        askNewPassword(link.get('reset_token'));
        return;
    }
    askWho();
    if (link.get('verify_token')) {
        await sendJson('/api/v1/users/verify', { token: link.get('verify_token') });
        tell('Thank you: your address is confirmed.');
    }
}

root.replaceChildren(element('section', { class: 'panel' }, element('h2', {}, 'Your account'), place, say));
begin().catch((error) => tell(error.message, true));
