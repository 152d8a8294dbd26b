// The frame of every page: routes, navigation, health, theme, shortcuts. A page is a module in views/ that exports
// `mount(root, context)` and answers {refresh, update, overview, keys, destroy}, each of them optional.

import * as api from './api.js';
import { number, setServerTime } from './format.js';
import { Live } from './live.js';
import { recall, remember } from './storage.js';
import { $, $$, fail, h, readOnly, text, tick } from './ui.js';
import { learn } from './vocabulary.js';

const PAGES = [
  ['overview', 'Overview', /^\/$/, 'o'], ['job', 'Job', /^\/jobs\/(?<id>.+)$/], ['jobs', 'Jobs', /^\/jobs$/, 'j'],
  ['dlq', 'Dead letter', /^\/dlq$/, 'd'], ['workers', 'Workers', /^\/workers$/, 'w'],
  ['queues', 'Queues', /^\/queues$/, 'q'], ['schedule', 'Schedule', /^\/schedule$/, 's'],
  ['metrics', 'Metrics', /^\/metrics-ui$/, 'm'], ['events', 'Events', /^\/events-log$/, 'e'],
  ['config', 'Configuration', /^\/config$/, 'c'],
];
const PATHS = { o: '/', j: '/jobs', d: '/dlq', w: '/workers', q: '/queues', s: '/schedule', m: '/metrics-ui',
  e: '/events-log', c: '/config' };

const main = $('#main');
const app = { navigate, refresh, overview: null, title: '', paused: () => live.paused };
let page = null; // {name, path, view, abort}
let chord = 0;

// --- routes

export function navigate(url, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  return route(true);
}

async function route(moved) {
  const { pathname, search } = location;
  const query = new URLSearchParams(search);
  if (page?.path === pathname && page.view?.update) return page.view.update(query);
  delete main.dataset.ready;
  page?.abort.abort();
  page?.view?.destroy?.();
  const found = PAGES.find(([, , pattern]) => pattern.test(pathname));
  const [name, title, pattern] = found || ['missing', 'Not found', /^/];
  const current = { name, path: pathname, view: null, abort: new AbortController() };
  page = current;
  for (const link of $$('nav a')) {
    if (link.dataset.page === (name === 'job' ? 'jobs' : name)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  $('#nav').classList.remove('open');
  $('#menu').setAttribute('aria-expanded', 'false');
  setTitle(title);
  if (name === 'missing') {
    main.replaceChildren(h('div', { class: 'empty' }, h('h1', {}, 'No such page'),
      h('a', { href: '/' }, 'To the overview')));
    return null;
  }
  try {
    const [module] = await Promise.all([import(`./views/${name}.js`), api.loadMeta().then(learn)]);
    if (page !== current) return null;
    const params = Object.fromEntries(Object.entries(pathname.match(pattern).groups || {})
      .map(([key, value]) => [key, decodeURIComponent(value)]));
    main.replaceChildren();
    current.view = await module.mount(main, { app, params, query, signal: current.abort.signal, setTitle });
    if (page !== current) return null;
    if (moved) {
      window.scrollTo(0, 0);
      main.focus({ preventScroll: true });
    }
    await current.view.refresh?.();
  } catch (error) {
    if (page === current) fail(error);
  }
  if (page === current) main.dataset.ready = name;
  return null;
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

// --- live

const news = { counts: null, last: 0 };

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

// What changed, for screen readers: at most one summary in ten seconds.
function announce(counts) {
  const before = news.counts || counts;
  news.counts = news.counts || counts;
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
  hello: (data) => { setServerTime(data.server_time); text($('#version'), `version ${data.version}`); },
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

const openPalette = async () => (await import('./palette.js')).palette(app, commands);
const openHelp = async () => (await import('./help.js')).help();
const newJob = async () => !readOnly && (await import('./addjob.js')).addJob(app);

const commands = [
  ...Object.entries(PATHS).map(([key, path]) => ({ name: `Go to ${PAGES.find((entry) => entry[3] === key)[1]}`,
    keys: `g ${key}`, run: () => navigate(path) })),
  ...(readOnly ? [] : [{ name: 'Add a job', keys: 'n', run: newJob }]),
  { name: 'Pause or resume live updates', keys: 'p', run: togglePause },
  { name: 'Next theme', keys: 't', run: nextTheme },
  { name: 'Help and keyboard shortcuts', keys: '?', run: openHelp },
];

const KEYS = { '?': openHelp, p: togglePause, t: nextTheme, n: newJob, j: () => moveRow(1), k: () => moveRow(-1),
  '/': () => ($('.filter input', main) || $('#search-text')).focus() };

function moveRow(step) {
  const rows = $$('tr[data-key]', main);
  if (!rows.length) return;
  const here = document.activeElement.closest?.('tr'); // a row without a key belongs to the one above it
  const at = rows.indexOf(here?.dataset.key ? here : here?.previousElementSibling);
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
  const field = event.target.closest?.('input:not([type=checkbox]), textarea, select, dialog, [contenteditable]');
  if (field || event.ctrlKey || event.metaKey || event.altKey
    || recall('keys') === 'off') return;
  const inChord = Date.now() - chord < 1200;
  chord = 0;
  if (inChord && PATHS[event.key]) {
    event.preventDefault();
    navigate(PATHS[event.key]);
    return;
  }
  if (event.key === 'g') { chord = Date.now(); return; }
  const row = document.activeElement.closest?.('tr[data-key]');
  const open = event.key === 'Enter' && event.target === row && (() => $('a[href]', row)?.click());
  const action = open || page?.view?.keys?.[event.key] || (event.key.length === 1 && KEYS[event.key]);
  if (action) {
    event.preventDefault();
    action(event, row);
  }
});

// --- start

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href]');
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey
    || event.altKey
    || link.target || link.hasAttribute('download') || link.origin !== location.origin
    || link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  if (link.hash === '#main') main.focus();
  else navigate(link.pathname + link.search);
});
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
loadOverview().catch(fail);
route(false);
