// The events of users, workers and the scheduler, newest first. A button loads older ones.

import { get } from '../api.js';
import { listCard } from '../lists.js';
import { button, equivalent, h, head, heading, jobLink, when } from '../ui.js';

// In details: the ids of what was enqueued, and times.
const ENQUEUED = /^(\d+ jobs, )?(\S+)(?: to (\S+))?$/;
const TIME = /(\d{4}-\d\d-\d\dT[\d:.]+Z)/;
const PAGE = 50;
const MOST = 1000;

function detailOf(name, detail) {
  const [, several, first, last] = (name === 'enqueued' && ENQUEUED.exec(detail)) || [];
  if (first) return [several, jobLink(first), last && [' to ', jobLink(last)]];
  return detail && detail.split(TIME).map((part, index) => (index % 2 ? when(part, 'local') : part));
}

export function mount(root, { signal }) {
  let items = [];
  let next = null;
  const what = h('input', { type: 'search', 'aria-label': 'Kind of event', placeholder: 'Kind, such as retry',
    on: { change: () => { items = []; refresh(); } } });
  const list = listCard(null, [['When'], ['Kind'], ['Job'], ['Detail'], ['By']], ({ number }) => number,
    ({ at, what: name, job, detail, by }) => [when(at), heading(name), job && jobLink(job), detailOf(name, detail), by],
    { caption: 'Events, newest first', mayHide: false });
  const more = button('Older events', older);
  list.element.append(more);
  root.append(head('Events', what), list.element, equivalent('queuectl events -f'));

  function draw() {
    list.show(items);
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
