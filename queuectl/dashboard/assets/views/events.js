// What users, workers and the scheduler did, newest first. Older pages are asked for with a button.

import { get } from '../api.js';
import { $, button, card, cell, equivalent, h, head, jobLink, rows, table, when } from '../ui.js';

const PAGE = 50;
const MOST = 1000;

export function mount(root, { signal }) {
  let items = [];
  let next = null;
  const what = h('input', { type: 'search', 'aria-label': 'Kind of event', placeholder: 'Kind, such as retry',
    on: { change: () => { items = []; refresh(); } } });
  const list = table('Events, newest first', [['When'], ['Kind'], ['Job'], ['Detail'], ['By']]);
  const more = button('Older events', older);
  root.append(head('Events', h('span', { class: 'grow' }), what), card(null, {}, list, more),
    equivalent('queuectl events -f'));

  const row = ({ at, what: name, job, detail, by }) => [cell('When', when(at)), h('th', { scope: 'row' }, name),
    cell('Job', job ? jobLink(job) : ''), cell('Detail', detail || ''), cell('By', by || '')];

  function draw() {
    rows($('tbody', list), items, (item) => item.number, row);
    more.hidden = !next || items.length >= MOST;
  }

  async function refresh() {
    const answer = await get('/events', { limit: PAGE, what: what.value.trim() }, signal);
    const known = items[0]?.number ?? -1;
    const added = answer.items.filter((item) => item.number > known);
    const whole = added.length === answer.items.length;
    items = whole ? answer.items : [...added, ...items].slice(0, MOST);
    if (whole) next = answer.next;
    draw();
  }

  async function older() {
    const answer = await get('/events', { limit: PAGE, what: what.value.trim(), cursor: next }, signal);
    items = [...items, ...answer.items];
    next = answer.next;
    draw();
  }
  return { refresh };
}
