// The frame of every page: routes, navigation, health, theme, shortcuts. A page is a link in the navigation, and a
// module in views/ that exports `mount(root, context)` and answers {refresh, update, overview, keys, destroy}, each of
// them optional. A link has the name of its view, the key after g, the name of its documentation in docs/, and the view
// of the items below its path, if any.

import * as api from './api.js';
import { number, setServerTime } from './format.js';
import { Live } from './live.js';
import { recall, remember } from './storage.js';
import { $, $$, button, fail, focusedRow, h, readOnly, text, tick, toast } from './ui.js';
import { learn } from './vocabulary.js';

const PAGES = $$('nav a').map((link) => ({ ...link.dataset, link, path: link.pathname,
  title: link.firstChild.data.trim() }));

const DIALOGS = ['columnmenu', 'dialogs', 'help', 'jobforms', 'palette', 'scheduleform'];
const PRELOAD_AFTER = 3000; // ms: the needs of the first page come first
const AWAY = 'The server does not answer';
const FINDS = '[type=search]:not(dialog *)';
const main = $('#main');
const app = { navigate, refresh, done, newJob, overview: null, title: '', paused: () => live.paused };
let page = null; // {path, view, abort, missing}
let chord = 0;

// --- routes

export function navigate(url, { replace = false } = {}) {
  keepPlace();
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  return route(true);
}

// The scroll position is kept with the address, so that Back leads to the same place.
function keepPlace() {
  if (main.dataset.ready) history.replaceState({ top: window.scrollY }, '');
}

// The page at a path: {view, link, title, docs}, and its `item` if the path is below that of a list.
function pageAt(path) {
  const [, above, item = ''] = path.match(/^(.+)\/([^/]+)$/) || [];
  const list = PAGES.find((one) => one.itemView && one.path === above);
  return list ? { ...list, view: list.itemView, item } : PAGES.find((one) => one.path === path);
}

async function route(moved) {
  const { pathname, search } = location;
  const query = new URLSearchParams(search);
  if (page?.path === pathname && page.view?.update) {
    const { top = 0 } = history.state || {};
    await page.view.update(query);
    if (page.path === pathname) window.scrollTo(0, moved ? 0 : top);
    return null;
  }
  delete main.dataset.ready;
  page?.abort.abort();
  page?.view?.destroy?.();
  const found = pageAt(pathname);
  const current = { path: pathname, view: null, abort: new AbortController(), missing: false };
  page = current;
  $('nav [aria-current]')?.removeAttribute('aria-current');
  found?.link.setAttribute('aria-current', 'page');
  $('#nav').classList.remove('open');
  $('#menu').setAttribute('aria-expanded', 'false');
  setTitle(found?.title || 'Not found');
  if (!found) {
    main.replaceChildren(h('div', { class: 'empty' }, h('h1', {}, 'No such page'),
      h('a', { href: '/' }, 'To the overview')));
    return null;
  }
  try {
    const [module] = await Promise.all([load(`views/${found.view}`), api.loadMeta().then(learn)]);
    if (page !== current) return null;
    main.replaceChildren();
    const item = found.item && decodeURIComponent(found.item);
    current.view = await module.mount(main, { app, item, query, signal: current.abort.signal, setTitle });
    if (page !== current) return null;
    if (moved) {
      window.scrollTo(0, 0);
      main.focus({ preventScroll: true });
    }
    await current.view.refresh?.();
    if (!moved && !location.hash && page === current) window.scrollTo(0, history.state?.top || 0);
  } catch (error) {
    if (page !== current) return null;
    if (error.status === 0) missing(current);
    else fail(error);
  }
  if (page === current) main.dataset.ready = found.view;
  return null;
}

// Load a module when it is needed. If it does not come, the server is away.
const load = (path) => import(`./${path}.js`).catch((error) => {
  throw Object.assign(error, { status: 0, message: AWAY });
});

// A page whose script or data did not come: it opens as soon as the server answers again.
function missing(current) {
  current.view?.destroy?.();
  Object.assign(current, { view: null, missing: true });
  main.replaceChildren(h('div', { class: 'empty' }, h('h1', {}, AWAY),
    h('p', {}, 'This page opens as soon as it does. Start it with: ', h('code', {}, 'queuectl dashboard')),
    button('Try again', () => route(false), { class: 'primary' })));
}

// Load the scripts of other pages and dialogs while the server is there.
async function preload() {
  const views = PAGES.flatMap(({ view, itemView }) => [view, itemView]).filter(Boolean).map((view) => `views/${view}`);
  for (const name of [...views, ...DIALOGS]) await import(`./${name}.js`);
}

function setTitle(title) {
  app.title = title;
  const dead = app.overview?.jobs.dead;
  document.title = `${dead ? `(${number(dead)} dead) ` : ''}${title === 'Overview' ? '' : `${title} · `}QueueCTL`;
}

async function refresh() {
  const current = page;
  try {
    await current?.view?.refresh?.();
    if (live.paused) await loadOverview();
  } catch (error) {
    if (page === current && error.status) fail(error);
  }
}

// Say what was done, and refresh the page.
function done(message, options) {
  toast(message, options);
  refresh();
}

// --- live

const news = { counts: null, last: 0 };

/** @param {Api.Overview} data */
function overview(data) {
  app.overview = data;
  setServerTime(data.now);
  const { jobs: counts, workers } = data;
  text($('[data-badge=jobs]'), data.total ? number(data.total) : '');
  text($('[data-badge=dead]'), counts.dead ? number(counts.dead) : '');
  text($('[data-badge=workers]'), workers.total ? `${workers.busy}/${workers.total}` : '');
  setTitle(app.title);
  announce(counts);
  page?.view?.overview?.(data);
}

// The changes, for screen readers: at most one summary in ten seconds.
function announce(counts) {
  const before = news.counts ??= counts;
  if (performance.now() - news.last < 10000) return;
  const changed = ['completed', 'failed', 'dead'].filter((state) => counts[state] > before[state])
    .map((state) => `${counts[state] - before[state]} ${state}`);
  if (changed.length) text($('#announce'), changed.join(', '));
  Object.assign(news, { counts, last: performance.now() });
}

async function loadOverview() {
  overview(await api.get('/overview'));
}

const live = new Live({
  hello: (data) => {
    setServerTime(data.server_time);
    text($('#version'), `version ${data.version}`);
    if (page.missing) route(false);
  },
  overview,
  refresh,
  health: (state, label, detail = '') => {
    const pill = $('#health');
    if (pill.dataset.health === state && !detail) return;
    pill.dataset.health = state;
    pill.replaceChildren(label, ...(detail ? [h('span', { 'aria-hidden': 'true' }, ` ${detail}`)] : []));
  },
});

function togglePause() {
  live.pause(!live.paused);
  showLive();
  if (!live.paused) refresh();
}

function showLive() {
  $('#live').setAttribute('aria-pressed', String(!live.paused));
}

// --- theme

function theme(choice) {
  if (choice === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  remember('theme', choice);
  $('#theme').value = choice;
}

function nextTheme() {
  const choices = ['system', 'light', 'dark'];
  theme(choices[(choices.indexOf($('#theme').value) + 1) % 3]);
}

// --- keys

const openPalette = () => load('palette').then(({ palette }) => palette(app, commands)).catch(fail);
const openHelp = () => load('help').then(({ help }) => help(commands, pageAt(location.pathname)?.docs || 'dashboard'))
  .catch(fail);

function newJob() {
  return load('jobforms').then(({ addJob }) => addJob(app)).catch(fail);
}

const commands = [
  ...PAGES.map(({ title, key, path }) => ({ name: `Go to ${title}`, keys: `g ${key}`, run: () => navigate(path) })),
  ...(readOnly ? [] : [{ name: 'Add a job', keys: 'n', run: newJob }]),
  { name: 'Pause or resume live updates', keys: 'p', run: togglePause },
  { name: 'Next theme', keys: 't', run: nextTheme },
  { name: 'Help and keyboard shortcuts', keys: '?', run: openHelp },
];

const KEYS = { ...Object.fromEntries(commands.map(({ keys, run }) => [keys, run])),
  j: () => moveRow(1), k: () => moveRow(-1), '/': () => ($('.filter input', main) || $('#search-text')).focus() };

function moveRow(step) {
  const rows = $$('tr[data-key]', main);
  if (!rows.length) return;
  const at = rows.indexOf(focusedRow());
  const row = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  for (const other of rows) other.tabIndex = other === row ? 0 : -1;
  row.focus();
}

document.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey) {
    event.preventDefault();
    if (!$('dialog[open]')) openPalette();
    return;
  }
  if (event.key === 'Escape' && event.target instanceof HTMLInputElement && event.target.matches(FINDS)) {
    event.preventDefault(); // the text stays
    event.target.blur();
    return;
  }
  if (document.activeElement.closest('input:not([type=checkbox]), textarea, select, dialog, [contenteditable]')
    || event.ctrlKey || event.metaKey || event.altKey || recall('keys') === 'off') return;
  const inChord = Date.now() - chord < 1200;
  chord = 0;
  if (event.key === 'g') { chord = Date.now(); return; }
  const row = document.activeElement.closest('tr[data-key]');
  const open = event.key === 'Enter' && event.target === row && (() => $('a[href]', row)?.click());
  const action = (inChord && KEYS[`g ${event.key}`]) || open || page?.view?.keys?.[event.key] || KEYS[event.key];
  if (action) {
    event.preventDefault();
    action(event, row);
  }
});

// --- start

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element && event.target.closest('a[href]');
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey
    || event.altKey || link.hasAttribute('target') || link.hasAttribute('download')) return;
  const url = new URL(link.getAttribute('href'), location.href); // a link in a drawing has no parts of its own
  if (url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
  event.preventDefault();
  if (url.hash === '#main') main.focus();
  else navigate(url.pathname + url.search);
});
history.scrollRestoration = 'manual';
window.addEventListener('scrollend', keepPlace);
window.addEventListener('pagehide', keepPlace);
window.addEventListener('popstate', () => route(false));
$('#search').addEventListener('submit', (event) => {
  event.preventDefault();
  const wanted = $('#search-text').value.trim();
  navigate(`/jobs${api.queryString({ q: wanted })}`);
});
$('#menu').addEventListener('click', (event) => {
  event.currentTarget.setAttribute('aria-expanded', String($('#nav').classList.toggle('open')));
});
$('#live').addEventListener('click', togglePause);
$('#theme').addEventListener('change', (event) => theme(event.target.value));
$('#palette-open').addEventListener('click', openPalette);
$('#help-open').addEventListener('click', openHelp);
$('#read-only').hidden = !readOnly;

theme(recall('theme') || 'system');
showLive();
setInterval(tick, 1000);
live.sync();
// A script that does not come now is loaded when it is needed.
setTimeout(() => preload().catch(() => null), PRELOAD_AFTER);
loadOverview().catch(fail);
route(false);
