// The job list: a filter in the URL, tabs by state, a table whose rows stay in place, selection, actions on many jobs.

import { get, queryString } from '../api.js';
import { actOnMany, act, rowActions } from '../actions.js';
import { choose, chosen, columnsOf, loadColumns } from '../columns.js';
import { FilterBar } from '../filterbar.js';
import { number, plural } from '../format.js';
import { Peeks } from '../peeks.js';
import { ViewBar } from '../savedviews.js';
import { Selection } from '../selection.js';
import { stack } from '../stacking.js';
import {
  $, $$, actions, button, cells, focusedRow, grow, h, head, looks, patch, readOnly, rows, table, titles,
} from '../ui.js';
import { LIMITS, STATES, VERBS, keysOf, plainVerbs } from '../vocabulary.js';

const SIZES = ['25', '50', '100', '200'];
const LOOKED_UP = 10;
// By column: the orders that its head can choose.
const ORDERS = { id: { newest: 'descending', oldest: 'ascending' }, priority: { priority: 'descending' },
  when: { finished: 'descending', run_at: 'ascending' } };

// The cursor of each page, and that of the page before it.
const before = new Map();

export async function mount(root, { app, query, signal }) {
  await loadColumns();
  let state = {}; // q, sort, limit, cursor, scan
  let shown = []; // the jobs of the rows, in their order
  let fresh = 0; // jobs that wait behind the pill
  /** @type {Api.PageOfJobs} */
  let answer = null;
  /** @type {Api.ReadFilter} */
  let meant = null; // the filter as the server reads it; everything if the server refused it
  let layout = chosen();

  const filter = new FilterBar((text) => go({ q: text, limit: state.limit }));
  const tabs = h('div', { class: 'tabs', role: 'navigation', 'aria-label': 'States' });
  const sort = h('select', { 'aria-label': 'Order',
    on: { change: () => go({ ...state, sort: sort.value, cursor: null }) } });
  const limit = h('select', { 'aria-label': 'Jobs per page',
    on: { change: () => go({ ...state, limit: limit.value, cursor: null }) } },
  SIZES.map((value) => h('option', { value }, `${value} a page`)));
  const pill = button('', () => reload(), { class: 'new', hidden: true });
  const columns = button('Columns', async () => (await import('../columnmenu.js')).columnMenu(layout, arrange));
  const list = table('Jobs', columnsOf(layout), { 'data-density': layout.density });
  const body = $('tbody', list);
  const status = h('p', { class: 'muted', role: 'status' });
  const previous = button('Previous', () => page(-1), { class: 'small' });
  const next = button('Next', () => page(1), { class: 'small' });
  const exports = h('span', { class: 'row' });
  const selection = new Selection(body, () => shown.map(({ id }) => id), drawBulk);
  const peeks = new Peeks({ redraw: () => draw(shown), find: (id) => shown.find((job) => job.id === id), signal });
  const saved = new ViewBar(signal);
  const every = h('input', { type: 'checkbox', class: 'every', 'aria-label': 'Select all on this page',
    on: { click: () => selection.all() } });
  const bulk = h('div', { class: 'bulk row', hidden: true, role: 'region', 'aria-label': 'Selected jobs' });
  root.append(head('Jobs', readOnly ? '' : button('Add a job', app.newJob, { class: 'primary' })),
    filter.element, filter.problem, saved.element, tabs,
    h('div', { class: 'row' }, readOnly ? '' : every, status, grow(), columns, sort, limit), pill, list,
    h('div', { class: 'row' }, previous, next, grow(), exports), bulk);

  function go(values) {
    const unusual = (name, usual) => (values[name] === usual ? null : values[name]);
    app.navigate(`/jobs${queryString({ ...values, sort: unusual('sort', 'newest'), limit: unusual('limit', '50') })}`);
  }

  function read(params) {
    const q = params.get('q') || '';
    state = { q, sort: params.get('sort') || 'newest', limit: params.get('limit') || '50', cursor: params.get('cursor'),
      scan: params.get('scan') };
    filter.set(q);
    saved.set(params);
    limit.value = state.limit;
    sort.value = state.sort;
    const parameters = queryString({ q });
    exports.replaceChildren(...['csv', 'jsonl'].map((kind) => h('a', { class: 'button', download: true,
      href: `/api/v1/export.${kind}${parameters}` }, `Export ${kind === 'csv' ? 'CSV' : 'JSON lines'}`)));
  }

  // Without their counts until the first overview comes, so that the rows below do not move then.
  function drawTabs(overview) {
    if (!meant) return;
    const { jobs: counts, total } = overview || { jobs: {} };
    const { states, rest } = meant;
    const entries = [['', 'all', total], ...[...STATES.keys()].map((name) => [name, name, counts[name]])];
    patch(tabs, [meant, counts], () => entries.map(([name, label, count]) => h('a',
      { href: `/jobs${queryString({ q: [name && `state:${name}`, rest].filter(Boolean).join(' ') })}`,
        'aria-current': String(name ? states.length === 1 && states[0] === name : states.length === STATES.size) },
      `${label} `, h('span', { class: 'hint' }, number(count)))));
  }

  function drawMeant() {
    const isNew = patch(sort, meant.sorts, () => meant.sorts.map((name) => h('option', { value: name }, name)));
    if (isNew) sort.value = state.sort;
    drawHeads();
    drawTabs(app.overview);
  }

  // A head sorts if there is an order for it; another click takes the next order.
  function drawHeads() {
    const sorts = meant?.sorts || [];
    const line = $('thead tr', list);
    const focused = [...line.children].findIndex((cell) => cell.contains(document.activeElement));
    const isNew = patch(line, [layout.shown, sorts, state.sort], () => {
      const columns = columnsOf(layout);
      const heads = titles(columns);
      layout.shown.forEach((name, index) => {
        const orders = sorts.filter((order) => ORDERS[name]?.[order]);
        if (!orders.length) return;
        const after = orders[(orders.indexOf(state.sort) + 1) % orders.length];
        const cell = heads[index + 1];
        cell.replaceChildren(button(columns[index + 1][0], () => go({ ...state, sort: after, cursor: null }),
          { class: 'plain sort', title: `Order: ${after}` }));
        if (orders.includes(state.sort)) cell.setAttribute('aria-sort', ORDERS[name][state.sort]);
      });
      return heads;
    });
    if (isNew && focused >= 0) $('button', line.children[focused])?.focus();
  }

  const fetchPage = (size) => get('/jobs', { ...state, limit: size }, signal);

  // Rows move only while nobody is about to use them.
  function calm() {
    return !window.scrollY && !body.matches(':hover') && !body.contains(document.activeElement) && !selection.size;
  }

  async function refresh() {
    const asked = state;
    try {
      const found = await fetchPage(Math.min(LIMITS.page, Number(state.limit) + fresh));
      if (state !== asked) return; // the page shows other jobs now, and has asked for them
      answer = found;
      filter.refuse(null);
    } catch (error) {
      if (error.code !== 'bad_filter') throw error;
      filter.refuse(error);
      meant = { states: [...STATES.keys()], rest: '', sorts: [state.sort] };
      drawMeant();
      return;
    }
    if (!answer.items.length && state.cursor && !answer.next) {
      go({ ...state, cursor: null });
      return;
    }
    if (calm() || !shown.length) show(answer.items.slice(0, Number(state.limit)));
    else await hold(answer.items);
    drawStatus();
    await peeks.refresh(shown);
  }

  // Keep every row in place: update those that are still here, look up those that left, count the new ones.
  async function hold(items) {
    const found = new Map(items.map((job) => [job.id, job]));
    const known = new Set(shown.map(({ id }) => id));
    fresh = items.findLastIndex((job) => known.has(job.id)) + 1;
    fresh -= items.slice(0, fresh).filter((job) => known.has(job.id)).length;
    const lost = shown.filter((job) => !found.has(job.id) && !job.left).slice(0, LOOKED_UP);
    await Promise.all(lost.map(async ({ id }) => {
      const full = await get(`/jobs/${encodeURIComponent(id)}`, null, signal).catch(() => null);
      if (full) found.set(id, { ...full.job, allowed_actions: full.allowed_actions, left: true });
    }));
    draw(shown.map((job) => found.get(job.id) || { ...job, left: true }));
    pill.hidden = !fresh;
    pill.textContent = `${plural(fresh, 'new job')}: show`;
  }

  function show(items) {
    fresh = 0;
    pill.hidden = true;
    draw(items);
  }

  function draw(items) {
    shown = items;
    const ids = new Set(items.map(({ id }) => id));
    peeks.keep(ids);
    const entries = items.flatMap((job) => (peeks.has(job.id) ? [job, { below: job.id }] : [job]));
    rows(body, entries, ({ id, below }) => id || `below ${below}`, row, (entry) => [layout.shown, looks(entry)]);
    selection.keep(ids);
    const focusable = $$('tr[data-key]', body);
    if (focusable.length && !focusable.some((element) => element.tabIndex === 0)) focusable[0].tabIndex = 0;
  }

  function arrange(wanted) {
    layout = wanted;
    choose(layout);
    list.dataset.density = layout.density;
    drawHeads();
    draw(shown);
    stack(list);
  }

  async function reload() {
    fresh = 0;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    selection.clear();
    show((await fetchPage(state.limit)).items);
    window.scrollTo(0, 0);
    $('tr', body)?.focus();
  }

  function row(job, element) {
    if (job.below) return peeks.cells(job.below, element, layout.shown.length + 2);
    element.classList.toggle('left', Boolean(job.left));
    element.title = job.left ? 'No longer on this page' : '';
    const box = h('input', { type: 'checkbox', 'aria-label': `Select ${job.id}`, checked: selection.has(job.id),
      on: { click: (event) => selection.toggle(job.id, event.shiftKey) } });
    const columns = columnsOf(layout);
    return cells(columns, [h('td', { class: 'pick' }, box, peeks.button(job.id)),
      ...columns.slice(1, -1).map(([, , content]) => content(job)), actions(rowActions(job, app))]);
  }

  function drawStatus() {
    const { total, searched, items } = answer;
    meant = answer.filter;
    drawMeant();
    const about = total.exact ? number(total.value) : `at least ${number(total.value)}`;
    const parts = [!items.length && !answer.next ? (state.q ? 'No job matches.' : 'No jobs yet.')
      : `${about} ${total.value === 1 ? 'job' : 'jobs'}`];
    if (!searched.complete) parts.push(` Searched the newest ${number(searched.rows)}.`);
    patch(status, [parts, searched.complete], () => [...parts, searched.complete ? null
      : button('Search all', () => go({ ...state, cursor: null, scan: 'all' }), { class: 'small' })]);
    previous.disabled = !state.cursor;
    next.disabled = !answer.next;
    list.hidden = !shown.length;
    drawBulk();
  }

  function drawBulk() {
    bulk.hidden = !selection.size || readOnly;
    every.checked = selection.size > 0 && selection.size === shown.length;
    every.indeterminate = selection.size > 0 && !every.checked;
    every.disabled = !shown.length;
    const matching = answer?.total.value || 0;
    patch(bulk, [selection.size, state.q, matching, answer?.total.exact], () => [
      h('strong', {}, `${number(selection.size)} selected`),
      plainVerbs().map((verb) => button(VERBS.get(verb).label, () => bulkAction(verb, { ids: selection.list() }),
        { 'data-bulk': verb })), grow(),
      state.q && matching > shown.length ? h('label', { class: 'row' },
        `All ${answer.total.exact ? '' : 'at least '}${number(matching)} that match:`, allSelect()) : null,
      button('Clear', () => selection.clear(), { class: 'small' })]);
  }

  function allSelect() {
    const choose = h('select', { 'data-bulk': 'all', on: { change: () => {
      const verb = choose.value;
      choose.value = '';
      bulkAction(verb, { filter: state.q });
    } } }, h('option', { value: '' }, 'choose'),
    plainVerbs().map((verb) => h('option', { value: verb }, VERBS.get(verb).label)));
    return choose;
  }

  async function bulkAction(verb, what) {
    if (await actOnMany(verb, what, app)) selection.clear();
  }

  function page(step) {
    if (step > 0 && answer?.next) {
      before.set(answer.next, state.cursor);
      go({ ...state, cursor: answer.next });
    } else if (step < 0 && state.cursor) go({ ...state, cursor: before.get(state.cursor) });
  }

  const one = (verb) => (event, element) => {
    const job = shown.find(({ id }) => id === element?.dataset.key);
    if (selection.size) bulkAction(verb, { ids: selection.list() });
    else if (job?.allowed_actions.includes(verb) && !readOnly) act(verb, job, app);
  };
  const peek = () => {
    const id = focusedRow()?.dataset.key;
    if (id) peeks.toggle(id);
  };
  const mark = (event, element) => element && selection.toggle(element.dataset.key, event.shiftKey);

  read(query);
  return {
    refresh,
    overview: drawTabs,
    update: (params) => {
      read(params);
      selection.clear();
      focusedRow()?.blur();
      shown = [];
      return refresh();
    },
    keys: { e: peek, x: mark, X: mark, a: () => selection.all(), ']': () => page(1), '[': () => page(-1),
      ...keysOf(plainVerbs(), one), Escape: () => selection.clear() },
  };
}
