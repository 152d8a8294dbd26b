// The next 24 hours as a strip: a line for each schedule, a mark for each fire, and the same as a table.

import { get } from './api.js';
import { clock, number, plural } from './format.js';
import { asTable } from './lists.js';
import { badge, h, jobLink, s, text } from './ui.js';

const HOURS = 24;
const HOUR = 3600000;
const WIDTH = 1440;
const HEIGHT = 18;
const MOST_LANES = 15;
const STALE = 60000;
const LABELED = 3; // each third hour has its label

const when = (time) => clock(time, new Date(time).toDateString() !== new Date().toDateString());

// The whole hours of the local clock between two instants.
function hoursOf(from, until) {
  const first = new Date(from);
  first.setMinutes(60, 0, 0);
  const found = [];
  for (let at = first.getTime(); at <= until; at += HOUR) found.push(at);
  return found;
}

// {name, words, state, times, more, jobs}: of the schedules, then of the jobs that wait for a time.
function lanesOf({ recurring, jobs, more_jobs: more }) {
  const lanes = recurring.map((one) => ({ ...one, state: 'processing', times: one.times.map(Date.parse) }));
  if (jobs.length) {
    lanes.push({ name: 'Jobs', words: 'scheduled jobs and further attempts', state: 'scheduled', more, jobs,
      times: jobs.map(({ at }) => Date.parse(at)) });
  }
  return lanes;
}

const count = ({ times, more }) => (more
  ? `first ${plural(times.length, 'time')}, up to ${when(times[times.length - 1])}` : plural(times.length, 'time'));

export class DayStrip {
  constructor(signal) {
    this.signal = signal;
    this.lanes = h('div', { class: 'lanes' });
    this.note = h('p', { class: 'hint' });
    this.table = asTable(`What is due in the next ${HOURS} hours`, () => this.tabulate());
    this.element = h('figure', { class: 'card chart strip', hidden: true }, h('h2', {}, `The next ${HOURS} hours`),
      this.lanes, this.note, this.table.element);
    this.askedAt = 0;
    this.signature = '';
  }

  // Ask again only if `signature` has changed, or the data is old.
  async refresh(signature = this.signature) {
    if (signature === this.signature && Date.now() - this.askedAt < STALE) return;
    const before = { signature: this.signature, askedAt: this.askedAt };
    const asked = { signature, askedAt: Date.now() };
    Object.assign(this, asked);
    try {
      const data = await get('/scheduled/times', { hours: HOURS }, this.signal);
      if (this.askedAt !== asked.askedAt) return; // asked again meanwhile
      this.data = data;
    } catch (error) {
      if (this.askedAt === asked.askedAt) Object.assign(this, before);
      throw error;
    }
    this.draw();
    this.table.draw();
  }

  draw() {
    const lanes = lanesOf(this.data);
    const [from, until] = [this.data.now, this.data.until].map(Date.parse);
    const x = (time) => Math.max(0, (time - from) / (until - from));
    const hours = hoursOf(from, until);
    this.element.hidden = !lanes.length;
    this.lanes.replaceChildren(...lanes.slice(0, MOST_LANES).flatMap((lane) => [
      h('span', { class: 'mono', title: lane.words }, lane.name), this.drawLane(lane, x, hours)]), h('span', {}),
    h('div', { class: 'hours', 'aria-hidden': 'true' }, hours.filter((at) => new Date(at).getHours() % LABELED === 0
      && x(at) < 0.97).map((at) => h('span', { 'data-hour': new Date(at).getHours(),
      style: { left: `${(x(at) * 100).toFixed(2)}%` } }, clock(at)))));
    const hidden = lanes.length - MOST_LANES;
    const left = this.data.more_schedules;
    const cut = lanes.filter(({ more }) => more).map((lane) => `${lane.name}: ${count(lane)}.`);
    text(this.note, ['Hours are local time.', ...cut, hidden > 0 && `${plural(hidden, 'more line')} in the table.`,
      left && `${plural(left, 'schedule')} left out.`].filter(Boolean).join(' '));
  }

  drawLane(lane, x, hours) {
    const { name, times, more, state, words } = lane;
    const spot = (time) => (x(time) * WIDTH).toFixed(1);
    const next = times.length ? `, next at ${when(times[0])}` : '';
    const last = times[times.length - 1];
    return s('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'data-state': state,
      'aria-label': `${name}, ${words}: ${count(lane)}${next}` },
    s('path', { class: 'axis', d: hours.map((at) => `M${spot(at)} 0V${HEIGHT}`).join('') }),
    s('path', { class: 'tick', d: times.map((at) => `M${spot(at)} 3V${HEIGHT - 3}`).join('') }),
    more && s('path', { class: 'cross', d: `M${spot(last)} ${HEIGHT / 2}H${WIDTH}` }));
  }

  tabulate() {
    const line = (lane) => h('tr', {}, h('th', { scope: 'row', class: 'mono' }, lane.name), h('td', {}, lane.words),
      h('td', { class: 'num' }, lane.more ? `more than ${number(lane.times.length)}` : number(lane.times.length)),
      h('td', {}, lane.jobs ? lane.jobs.map(({ at, id, what }) => h('div', {}, when(Date.parse(at)), ' ', jobLink(id),
        ' ', badge('scheduled', what))) : lane.times.map(when).join(', ') + (lane.more ? ', …' : '')));
    return [[['Name'], ['Meaning'], ['Times'], ['Due']], lanesOf(this.data).map(line)];
  }
}
