/* Discover: cards with live progress, search, filters, sorting, more on demand. */
import { counted, cover, element, fetchJson, flash, follow, money, percent, progressBar, setBar, statusWords, timeLeft } from '/web/page.js';

const grid = document.getElementById('grid');
const note = document.getElementById('note');
const more = document.getElementById('more');
const count = document.getElementById('count');
const controls = {
    q: document.getElementById('search'),
    category: document.getElementById('category'),
    status: document.getElementById('status'),
    sort: document.getElementById('sort'),
};
const shown = new Map(); /* campaign id → what of its card changes */
let next = null;
let stop = () => {};
let round = 0;

function card(campaign) {
    const bar = progressBar(campaign.percent_bps);
    const raised = element('b', {}, money(campaign.pledged, campaign.currency));
    const share = element('span', {}, percent(campaign.percent_bps));
    const backers = element('span', {}, counted(campaign.backers, 'backer'));
    const picture = cover(campaign.id);
    picture.append(element('span', { class: 'badge' }, statusWords[campaign.status] || campaign.status));
    shown.set(campaign.id, { bar, raised, share, backers, currency: campaign.currency });
    return element('a', { class: 'card', href: `/campaigns/${campaign.id}` },
        picture,
        element('div', { class: 'body' },
            element('div', { class: 'meta' },
                [campaign.category, campaign.country].filter(Boolean).join(' · ') || 'Campaign'),
            element('h2', { dir: 'auto', title: campaign.title || '' }, campaign.title || 'Text removed'),
            bar,
            element('div', { class: 'figures' }, element('span', {}, raised, ' raised'), share),
            element('div', { class: 'figures meta' }, backers,
                element('span', {}, campaign.status === 'active' ? timeLeft(campaign.ends_at) : ''))));
}

function onProgress(progress) {
    const parts = shown.get(progress.campaign_id);
    if (!parts) return;
    parts.raised.textContent = money(progress.pledged, parts.currency);
    parts.share.textContent = percent(progress.percent_bps);
    parts.backers.textContent = counted(progress.backers, 'backer');
    setBar(parts.bar, progress.percent_bps);
    flash(parts.raised.parentNode);
}

function query(cursor) {
    const parameters = new URLSearchParams({ limit: '24' });
    for (const [name, control] of Object.entries(controls))
        if (control.value) parameters.set(name, control.value);
    if (cursor) parameters.set('cursor', cursor);
    return `/api/v1/campaigns?${parameters}`;
}

async function load(cursor) {
    const mine = ++round;
    try {
        const page = await fetchJson(query(cursor));
        if (mine !== round) return;
        if (!cursor) {
            grid.replaceChildren();
            shown.clear();
        }
        grid.append(...page.campaigns.map(card));
        next = page.next;
        more.hidden = !next;
        note.hidden = shown.size > 0;
        note.className = 'note';
        note.textContent = 'Nothing matches. Try fewer words.';
        count.textContent = next ? `${shown.size}+ campaigns` : counted(shown.size, 'campaign');
        stop();
        stop = follow([...shown.keys()].slice(0, 100), onProgress);
    } catch (error) {
        note.hidden = false;
        note.className = 'note bad';
        note.textContent = `The campaigns cannot be shown: ${error.message}`;
    }
}

async function loadCategories() {
    const answer = await fetchJson('/api/v1/categories').catch(() => ({ categories: [] }));
    controls.category.append(...answer.categories.map((name) => element('option', { value: name }, name)));
}

let typing = 0;
controls.q.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => load(null), 200);
});
document.getElementById('find').addEventListener('submit', (event) => event.preventDefault());
for (const name of ['category', 'status', 'sort']) controls[name].addEventListener('change', () => load(null));
more.addEventListener('click', () => load(next));

loadCategories();
load(null);
