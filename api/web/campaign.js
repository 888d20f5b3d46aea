/* A campaign: story, rewards with stock, updates, and its progress as it happens. */
import { pledgePanel } from '/web/pledge.js';
import { cover, element, fetchJson, flash, follow, modelWords, money, percent, progressBar, setBar, statusWords, timeLeft } from '/web/page.js';

const id = location.pathname.split('/').pop();
const root = document.getElementById('campaign');

function reward(row, currency) {
    const left = row.limit ? row.limit - row.claimed : null;
    return element('div', { class: 'reward' },
        element('div', { class: 'price' }, `${money(row.minimum, currency)} or more`),
        element('h3', { dir: 'auto' }, row.title || 'Text removed'),
        row.description ? element('p', { dir: 'auto' }, row.description) : null,
        left === null ? null : element('div', { class: 'stock', id: `stock-${row.id}` },
            left > 0 ? `${left} of ${row.limit} left` : 'All gone'));
}

function panel(title, ...children) {
    return element('section', { class: 'panel' }, element('h2', {}, title), ...children);
}

function show(campaign, updates) {
    const { currency } = campaign;
    document.title = `${campaign.title || 'Campaign'} · Coffer`;
    const raised = element('div', { class: 'raised' }, money(campaign.pledged, currency));
    const share = element('b', {}, percent(campaign.percent_bps));
    const backers = element('b', {}, campaign.backers.toLocaleString('en'));
    const backersWord = element('span', {}, campaign.backers === 1 ? 'backer' : 'backers');
    const bar = progressBar(campaign.percent_bps);
    const live = element('div', { class: 'live' }, 'connecting');
    const picture = cover(campaign.id);
    picture.append(element('span', { class: 'badge' }, statusWords[campaign.status] || campaign.status));
    const [left, ...leftWords] = campaign.status === 'active' ? timeLeft(campaign.ends_at).split(' ') : [''];
    const place = [campaign.place, campaign.country].filter(Boolean).join(', ');

    root.replaceChildren(
        element('article', {},
            picture,
            element('h1', { dir: 'auto' }, campaign.title || 'Text removed'),
            element('p', { class: 'by' }, [campaign.creator_name, campaign.category, place].filter(Boolean).join(' · ')),
            element('div', { class: 'story', dir: 'auto' }, campaign.story || ''),
            updates.length === 0 ? null : element('section', {}, element('h2', {}, 'Updates'),
                ...updates.map((update) => element('div', { class: 'update' },
                    element('time', {}, update.posted_at.slice(0, 10)),
                    element('h3', { dir: 'auto' }, update.title || 'Text removed'),
                    element('div', { class: 'story', dir: 'auto' }, update.body || ''))))),
        element('aside', {},
            element('section', { class: 'panel' },
                raised,
                element('div', { class: 'of' }, `raised of ${money(campaign.goal, currency)}`),
                bar,
                element('div', { class: 'triple' },
                    element('div', {}, share, element('span', {}, 'of the goal')),
                    element('div', {}, backers, backersWord),
                    element('div', {}, element('b', {}, left || '–'),
                        element('span', {}, left ? leftWords.join(' ') : statusWords[campaign.status] || ''))),
                live),
            campaign.status === 'active' ? pledgePanel(campaign) : null,
            campaign.rewards.length === 0 ? null :
                panel('Rewards', ...campaign.rewards.map((row) => reward(row, currency))),
            campaign.stretch_goals.length === 0 ? null :
                panel('Stretch goals', ...campaign.stretch_goals.map((goal) =>
                    element('div', { class: goal.unlocked ? 'stretch done' : 'stretch' },
                        element('span', {}, goal.title || `Level ${goal.level}`),
                        element('span', {}, money(goal.threshold, currency))))),
            panel('The ledger behind it',
                element('div', { class: 'proof' },
                    `${modelWords[campaign.model] || campaign.model}. Every figure here follows from a public, signed log. `,
                    element('a', { href: '/checkpoint' }, element('code', {}, '/checkpoint'))))));

    follow([campaign.id], (progress) => {
        raised.textContent = money(progress.pledged, currency);
        share.textContent = percent(progress.percent_bps);
        backers.textContent = progress.backers.toLocaleString('en');
        backersWord.textContent = progress.backers === 1 ? 'backer' : 'backers';
        setBar(bar, progress.percent_bps);
        flash(raised);
    }, (on) => {
        live.textContent = on ? 'live' : 'reconnecting';
        live.classList.toggle('on', on);
    });
}

async function load() {
    const [campaign, answer] = await Promise.all([
        fetchJson(`/api/v1/campaigns/${id}`),
        fetchJson(`/api/v1/campaigns/${id}/updates`),
    ]);
    show(campaign, answer.updates);
}

load().catch((error) => {
    root.replaceChildren(element('p', { class: 'note bad' }, `This campaign cannot be shown: ${error.message}`));
});
