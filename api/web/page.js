/* What both pages share: elements, money, time, covers, and the live stream. */

/* An element with properties and children; text is always text, never markup. */
export function element(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name === 'class') node.className = value;
        else if (name in node) node[name] = value;
        else node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
}

const exponents = new Map();

/* How many digits a currency has behind the point. */
function exponentOf(currency) {
    if (!exponents.has(currency)) {
        const format = new Intl.NumberFormat('en', { style: 'currency', currency });
        exponents.set(currency, format.resolvedOptions().maximumFractionDigits);
    }
    return exponents.get(currency);
}

/* Minor units as people read them. Whole amounts go without decimals. */
export function money(minor, currency) {
    const exponent = exponentOf(currency);
    const digits = String(BigInt(minor)).replace('-', '').padStart(exponent + 1, '0');
    const fraction = exponent === 0 ? '' : digits.slice(-exponent);
    const whole = exponent === 0 ? digits : digits.slice(0, -exponent);
    const plain = /^0*$/.test(fraction) ? whole : `${whole}.${fraction}`;
    const parts = new Intl.NumberFormat('en', {
        style: 'currency', currency, currencyDisplay: 'symbol',
        minimumFractionDigits: plain === whole ? 0 : exponent,
    });
    return (BigInt(minor) < 0n ? '−' : '') + parts.format(plain);
}

/* What somebody typed, in minor units; no arithmetic on fractions. */
export function toMinor(text, currency) {
    const exponent = exponentOf(currency);
    const parts = /^(\d+)(?:[.,](\d+))?$/.exec(text.trim());
    if (!parts || (parts[2] || '').length > exponent) throw new Error('That is not an amount.');
    return Number(parts[1] + (parts[2] || '').padEnd(exponent, '0'));
}

/* Basis points as a whole percentage, rounded down: 99.9 % has not arrived. */
export function percent(bps) {
    return `${Math.floor(bps / 100).toLocaleString('en')}\u00a0%`;
}

/* "1 backer", "1,200 backers". */
export function counted(count, one) {
    return `${count.toLocaleString('en')} ${count === 1 ? one : `${one}s`}`;
}

/* Empty once it is over; so it is where the ledger's clock is not ours. */
export function timeLeft(endsAt, now = Date.now()) {
    const seconds = (Date.parse(endsAt) - now) / 1000;
    if (!(seconds > 0)) return '';
    if (seconds >= 172800) return `${Math.floor(seconds / 86400)} days left`;
    if (seconds >= 7200) return `${Math.floor(seconds / 3600)} hours left`;
    return `${Math.max(1, Math.floor(seconds / 60))} minutes left`;
}

export const statusWords = {
    active: 'Live', funded: 'Funded', failed: 'Not funded', cancelled: 'Cancelled', draft: 'Draft',
};

export const modelWords = {
    aon: 'All or nothing', kia: 'Keep it all', hybrid: 'Hybrid goal',
};

/* A quiet picture of its own for a campaign without one, drawn from its id. */
export function cover(id) {
    let seed = 2166136261;
    for (const letter of id) seed = Math.imul(seed ^ letter.charCodeAt(0), 16777619) >>> 0;
    seed = Math.imul(seed ^ (seed >>> 15), 2246822519) >>> 0;
    const hue = seed % 360;
    const shapes = [0, 1, 2].map((n) => {
        const bits = (seed >>> (n * 7)) & 127;
        return `<circle cx="${40 + bits * 2}" cy="${30 + ((bits * 53) % 130)}" r="${34 + (bits % 46)}"` +
            ` fill="hsl(${(hue + 35 * (n + 1)) % 360} 55% ${52 + n * 9}%)" opacity=".55"/>`;
    });
    const box = element('div', { class: 'cover' });
    box.innerHTML = `<svg viewBox="0 0 320 180" preserveAspectRatio="xMidYMid slice" aria-hidden="true">` +
        `<rect width="320" height="180" fill="hsl(${hue} 42% 42%)"/>${shapes.join('')}</svg>`;
    return box;
}

export function setBar(bar, bps) {
    bar.firstChild.style.width = `${Math.min(100, bps / 100)}%`;
    bar.classList.toggle('over', bps >= 10000);
    bar.setAttribute('aria-valuenow', String(Math.floor(bps / 100)));
}

export function progressBar(bps) {
    const bar = element('div', { class: 'bar', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100' },
        element('i'));
    setBar(bar, bps);
    return bar;
}

export async function fetchJson(path) {
    const response = await fetch(path, { headers: { Accept: 'application/json' } });
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(body.title || `The server answered ${response.status}.`);
    return body;
}

/* Sends JSON. A key makes a repetition the same request; without one each is its own. */
export async function sendJson(path, body, key = crypto.randomUUID()) {
    const response = await fetch(path, {
        method: 'POST', body: JSON.stringify(body),
        headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'Idempotency-Key': key },
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.detail || answer.title || `The server answered ${response.status}.`);
    return answer;
}

/* Progress of many campaigns over one stream; calls back with each change. Returns a stop function. */
export function follow(ids, onProgress, onState = () => {}) {
    if (ids.length === 0) return () => {};
    const source = new EventSource(`/api/v1/progress?campaigns=${ids.join(',')}`);
    source.addEventListener('progress', (message) => onProgress(JSON.parse(message.data)));
    source.addEventListener('open', () => onState(true));
    source.addEventListener('error', () => onState(false));
    return () => source.close();
}

export function flash(node) {
    node.classList.remove('flash');
    void node.offsetWidth;
    node.classList.add('flash');
}
