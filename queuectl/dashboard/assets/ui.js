// Elements: made here, filled with text only. Nothing in the dashboard parses markup.

import { GLYPHS, coarse, duration, local, now, relative } from './format.js';
import { stack } from './stacking.js';
import { STATES } from './vocabulary.js';

const SVG = 'http://www.w3.org/2000/svg';
/** @type {(selector: string, root?: ParentNode) => any} */
export const $ = (selector, root = document) => root.querySelector(selector);
/** @type {(selector: string, root?: ParentNode) => any[]} */
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const readOnly = $('meta[name=queuectl-read-only]').content === 'true';

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === 'style') Object.assign(element.style, value);
    else if (name === 'value' && 'value' in element) element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// h('td', {class: 'num'}, 'text', child, …); `on: {click}` adds listeners.
export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

export function text(element, value) {
  const wanted = String(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}

// Replace the children only if `signature` says that something changed, so that focus and selection stay.
export function patch(element, signature, build) {
  const wanted = JSON.stringify(signature);
  if (element.patched === wanted) return false;
  element.patched = wanted;
  element.replaceChildren(...[build()].flat(3).filter(Boolean));
  return true;
}

export function badge(state, label) {
  const { glyph, phrase } = STATES.get(state) || { glyph: GLYPHS[state] || '•' };
  return h('span', { class: 'badge', 'data-state': state, 'data-glyph': glyph, title: phrase && `It ${phrase}` },
    label || state);
}

// A stuck job runs only if somebody helps, a parked one as soon as its lane has room. If a processing job does not run,
// `error` says why; a job whose worker is gone has no duration.
export function stateBadge(job) {
  if (job.state === 'blocked' && job.stuck) {
    const stuck = badge('stuck');
    stuck.title = 'blocked: the jobs it waits for have ended otherwise';
    return stuck;
  }
  if (job.parked) {
    const parked = badge('parked');
    parked.title = `pending: ${job.parked.replace(':', ' ')} has no room`;
    return parked;
  }
  if (job.state !== 'processing' || !job.error) return badge(job.state);
  const found = job.duration === null ? badge('lost', 'gone') : badge('suspended');
  found.title = job.error;
  return found;
}

// A time, kept relative by `tick`.
export function when(value, style) {
  if (!value) return h('span', { class: 'muted' }, '–');
  const time = Date.parse(value);
  const shown = style === 'local' ? local(time) : relative(time);
  return h('time', { datetime: value, title: `${local(time)} (${value})`,
    'data-tick': style === 'local' ? null : 'relative' }, shown);
}

// The time since an instant, counted live.
export function since(value) {
  return h('time', { datetime: value, title: local(Date.parse(value)), 'data-tick': 'elapsed' },
    coarse((now() - Date.parse(value)) / 1000));
}

const runs = (job) => job.state === 'processing' && job.started_at && !job.error;

// The run time of a job without suspensions, counted live while it runs.
export function ran(job) {
  if (!runs(job)) return took(job.duration);
  return since(new Date(Date.parse(job.started_at) + job.suspended_for * 1000).toISOString());
}

// A job as its row shows it, without live counts: a row that looks the same stays as it is, so that no click on its
// buttons is lost.
export const looks = ({ updated_at: updated, elapsed, ...job }) => (runs(job) ? { ...job, duration: null } : job);

export function tick() {
  for (const element of $$('time[data-tick]')) {
    const time = Date.parse(element.dateTime);
    text(element, element.dataset.tick === 'elapsed' ? coarse((now() - time) / 1000) : relative(time));
  }
}

export const took = (seconds) => h('span', { title: seconds === null ? null : `${seconds} s` }, duration(seconds));

export const jobUrl = (id) => `/jobs/${encodeURIComponent(id)}`;
export const jobsUrl = (filter) => `/jobs?q=${encodeURIComponent(filter)}`;
// A batch looks like the jobs that it stands for.
export const BATCH_LOOKS = { open: 'processing', completed: 'completed', failed: 'dead', stopped: 'cancelled' };
export const batchBadge = (state) => badge(BATCH_LOOKS[state], state);
export const batchLink = (name, text = name) => h('a', { href: jobsUrl(`batch:${name}`) }, text);
export const scheduleUrl = (name) => `/schedule?name=${encodeURIComponent(name)}`;
export const scheduleLink = (name) => h('a', { href: scheduleUrl(name), class: 'mono' }, name);
export const jobLink = (id) => h('a', { href: jobUrl(id), class: 'mono' }, id);

export function button(label, action, props) {
  return h('button', { type: 'button', ...props, on: { click: action } }, label);
}

export function card(title, props, ...children) {
  return h('section', { class: 'card', ...props }, title && h('h2', {}, title), ...children);
}

// The head of a page or a dialog: the title on the left, the rest on the right.
export const grow = () => h('span', { class: 'grow' });
export const head = (title, ...rest) => h('div', { class: 'head' }, h('h1', {}, title), grow(), ...rest);

// columns: [title, class]; class `sr` hides a title that only screen readers need.
export function table(caption, columns, props) {
  const element = h('table', props, h('caption', { class: 'sr' }, caption),
    h('thead', {}, h('tr', {}, titles(columns))), h('tbody', {}));
  stack(element);
  return element;
}

export function titles(columns) {
  return columns.map(([title, kind]) => h('th', { scope: 'col', class: kind === 'sr' ? null : kind },
    kind === 'sr' ? h('span', { class: 'sr' }, title) : title));
}

// The cells of a row: `contents` has what each column shows, or the cell itself. A narrow screen shows the title too.
export function cells(columns, contents) {
  return contents.map((shown, index) => {
    if (shown instanceof HTMLTableCellElement) return shown;
    const [title, kind] = columns[index];
    return h('td', kind === 'sr' ? {} : { 'data-label': title, class: kind }, shown ?? '');
  });
}

/**
 * Make the rows of `tbody` stand for `items`, and keep the node of each key: focus, selection and pointer stay.
 *
 * @template T
 * @param {any} tbody
 * @param {T[]} items
 * @param {(item: NoInfer<T>) => any} key
 * @param {(item: T, row: any) => any} build
 * @param {(item: T) => any} signature
 * @param {string} tag of a row
 */
export function rows(tbody, items, key, build, signature = (item) => item, tag = 'tr') {
  const known = new Map([...tbody.children].map((row) => [row.standsFor, row]));
  let before = tbody.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const row = known.get(name) || h(tag, { 'data-key': name });
    row.standsFor = name;
    known.delete(name);
    const focused = row.contains(document.activeElement) && document.activeElement;
    patch(row, signature(item), () => build(item, row));
    if (focused && !row.contains(document.activeElement)) {
      const kept = row.contains(focused) ? focused : row;
      if (kept === row) row.tabIndex = -1;
      kept.focus({ preventScroll: true });
    }
    if (row === before) before = before.nextElementSibling;
    else tbody.insertBefore(row, before);
  }
  for (const row of known.values()) row.remove();
}

// The row with a key that has the focus. One without a key belongs to the one above it.
export function focusedRow() {
  const row = document.activeElement.closest('tr');
  return /** @type {HTMLElement} */ (row?.dataset.key ? row : row?.previousElementSibling);
}

export const heading = (content, kind = '') => h('th', { scope: 'row', class: kind || null }, content);
export const code = (value) => value && h('code', { title: value }, value);
export const actions = (buttons) => (readOnly ? null : h('span', { class: 'actions' }, buttons));

export async function copy(value, source) {
  try {
    await navigator.clipboard.writeText(value);
  } catch {
    const area = h('textarea', { value, class: 'sr' }); // plain http on a LAN has no clipboard interface
    (source?.closest('dialog') || document.body).append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  toast('Copied');
}

export function copyButton(value, label = 'Copy') {
  return button(label, (event) => copy(typeof value === 'function' ? value() : value, event.target),
    { class: 'small' });
}

// The command that does the same.
export function equivalent(command) {
  return h('div', { class: 'equivalent' }, 'same as:', h('code', {}, command), copyButton(command));
}

export function toast(message, { bad = false, action = null } = {}) {
  const box = h('div', { class: bad ? 'toast bad' : 'toast', role: bad ? 'alert' : 'status' }, h('span', {}, message),
    action);
  $('#toasts').append(box);
  setTimeout(() => box.remove(), bad || action ? 9000 : 4000);
}

export const reasonOf = ({ message, hint }) => (hint ? `${message} (${hint})` : message);

export function fail(error) {
  if (error.name !== 'AbortError') toast(reasonOf(error), { bad: true });
}

// Run an action of a button: disable it meanwhile, show a failure.
export async function busy(element, run) {
  element.disabled = true;
  try {
    return await run();
  } catch (error) {
    fail(error);
    return null;
  } finally {
    element.disabled = false;
  }
}

// What dialogs.js has, loaded with the first dialog.
export const confirm = async (question) => (await import('./dialogs.js')).confirm(question);
export const form = async (content) => (await import('./dialogs.js')).form(content);
