// Charts: SVG in the colors of the theme. Each has a value at the pointer or the arrow keys, a legend and a data table.

import { clock, number } from './format.js';
import { asTable } from './lists.js';
import { h, s, text } from './ui.js';

const WIDTH = 640;
const HEIGHT = 150;
const BOTTOM = 146;
const TOP = 8;

// A line without axes for a tile; `values` may hold null.
export function sparkline(values, state) {
  const svg = s('svg', { viewBox: '0 0 100 22', preserveAspectRatio: 'none', 'aria-hidden': 'true',
    'data-state': state });
  const most = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length - 1);
  const height = (value) => (20 - (value || 0) / most * 18).toFixed(1);
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${height(value)}`);
  svg.append(s('polyline', { class: 'spark', points: points.join(' '), 'vector-effect': 'non-scaling-stroke' }));
  return svg;
}

// The smallest 1, 2 or 5 times a power of ten that is not less.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 5, 10].map((factor) => factor * power).find((bound) => bound >= value);
}

function linePath(values, x, y) {
  let pen = 'M';
  let path = '';
  values.forEach((value, index) => {
    if (value === null || value === undefined) { pen = 'M'; return; }
    path += `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

// Values without a neighbor, which have no line: each is a line of no length, with round ends.
function dotPath(values, x, y) {
  const lone = (value, index) => Number.isFinite(value) && !Number.isFinite(values[index - 1])
    && !Number.isFinite(values[index + 1]);
  return values.map((value, index) => (lone(value, index) ? `M${x(index).toFixed(1)} ${y(value).toFixed(1)}h0` : ''))
    .join('');
}

// The times of values that stand `step` seconds apart.
export const timesOf = (from, step, values) => values.map((_, index) =>
  new Date(Date.parse(from) + index * step * 1000).toISOString());

// By state: the name of its series of ended attempts and jobs.
export const ENDED = { completed: 'finished', failed: 'failed', dead: 'dead' };
export const endedSeries = (series) => Object.entries(ENDED).map(([state, name]) =>
  ({ name: state, state, values: series[name] }));

export class Chart {
  // kind: 'columns' (stacked) or 'lines'; format(value) makes the text of a value.
  constructor(title, { kind = 'lines', format = number } = {}) {
    this.title = title;
    this.kind = kind;
    this.format = format;
    this.times = [];
    this.series = [];
    this.hidden = new Set();
    this.at = null;
    this.drawn = '';
    this.svg = s('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', tabindex: 0,
      'aria-label': title });
    this.top = h('span', { class: 'top-value' });
    this.tip = h('div', { class: 'tip', hidden: true });
    this.legend = h('div', { class: 'legend' });
    this.labels = h('div', { class: 'row muted hint' });
    this.table = asTable(title, () => this.tabulate());
    this.element = h('figure', { class: 'card' },
      h('div', { class: 'row' }, h('h2', { class: 'grow' }, title), this.legend),
      h('div', { class: 'chart' }, this.svg, this.top, this.tip), this.labels, this.table.element);
    this.element.style.margin = '0 0 16px';
    this.svg.addEventListener('pointermove', (event) => this.point(event));
    this.svg.addEventListener('pointerleave', () => this.show(null));
    this.svg.addEventListener('blur', () => this.show(null));
    this.svg.addEventListener('keydown', (event) => this.key(event));
  }

  // times: texts; series: [{name, state, values}]. Missing values are null and leave a gap.
  update(times, series) {
    const signature = JSON.stringify([times, series]);
    if (signature === this.drawn) return;
    this.times = times;
    this.series = series;
    this.drawn = signature;
    this.draw();
    this.table.draw();
  }

  shown() {
    return this.series.filter(({ name }) => !this.hidden.has(name));
  }

  draw() {
    const series = this.shown();
    const count = this.times.length;
    const sums = this.times.map((_, index) => series.map(({ values }) => values[index] || 0));
    const most = this.kind === 'columns' ? sums.map((values) => values.reduce((a, b) => a + b, 0)) : sums.flat();
    const top = nice(Math.max(...most, this.format === number ? 4 : 0.001));
    const slot = WIDTH / Math.max(1, count);
    const x = (index) => slot * (index + 0.5);
    const y = (value) => BOTTOM - (value / top) * (BOTTOM - TOP);
    const marks = [0, top / 2, top].map((value) =>
      s('line', { class: 'axis', x1: 0, x2: WIDTH, y1: y(value), y2: y(value) }));
    this.svg.replaceChildren(...marks, ...(this.kind === 'columns' ? this.columns(series, slot, y) :
      series.flatMap(({ state, values }) => [
        s('path', { class: 'line', 'data-state': state, d: linePath(values, x, y) }),
        s('path', { class: 'line dot', 'data-state': state, d: dotPath(values, x, y) })])));
    this.cross = s('line', { class: 'cross', y1: TOP, y2: BOTTOM, visibility: 'hidden' });
    this.svg.append(this.cross);
    this.x = x;
    this.drawLegend();
    text(this.top, this.format(top));
    this.labels.replaceChildren(h('span', { class: 'grow' }, count ? this.time(0) : ''),
      h('span', {}, count ? this.time(count - 1) : ''));
    const last = series.map(({ name, values }) => `${name} ${this.format(values[values.length - 1] ?? null)}`);
    this.svg.setAttribute('aria-label', `${this.title}. Last: ${last.join(', ')}`);
  }

  // One path for each series: its columns stand on those of the series before.
  columns(series, slot, y) {
    const floor = this.times.map(() => 0);
    const width = Math.max(1, slot * 0.76);
    return series.map(({ state, values }) => {
      let path = '';
      values.forEach((value, index) => {
        if (!value) return;
        const left = slot * index + (slot - width) / 2;
        const low = y(floor[index]);
        floor[index] += value;
        path += `M${left.toFixed(1)} ${low.toFixed(1)}V${y(floor[index]).toFixed(1)}h${width.toFixed(1)}`
          + `V${low.toFixed(1)}Z`;
      });
      return s('path', { class: 'column', 'data-state': state, d: path });
    });
  }

  drawLegend() {
    if (this.legend.childElementCount === this.series.length) return;
    this.legend.replaceChildren(...this.series.map(({ name, state }) =>
      h('button', { type: 'button', 'data-state': state,
      'aria-pressed': 'true', on: { click: (event) => this.toggle(name, event.currentTarget) } }, name)));
  }

  toggle(name, button) {
    const hide = !this.hidden.has(name);
    this.hidden[hide ? 'add' : 'delete'](name);
    button.setAttribute('aria-pressed', String(!hide));
    this.draw();
  }

  time(index) {
    const long = Date.parse(this.times[this.times.length - 1]) - Date.parse(this.times[0]) > 86400000;
    return clock(this.times[index], long);
  }

  point(event) {
    if (!this.times.length) return;
    const box = this.svg.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    this.show(Math.min(this.times.length - 1, Math.max(0, Math.floor(share * this.times.length))));
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !this.times.length) return;
    event.preventDefault();
    const last = this.times.length - 1;
    this.show(Math.min(last, Math.max(0, (this.at ?? (step > 0 ? -1 : last + 1)) + step)));
    text(document.getElementById('announce'), this.tip.textContent);
  }

  show(index) {
    this.at = index;
    this.tip.hidden = index === null;
    this.cross?.setAttribute('visibility', index === null ? 'hidden' : 'visible');
    if (index === null) return;
    const at = this.x(index);
    this.cross.setAttribute('x1', at);
    this.cross.setAttribute('x2', at);
    text(this.tip, [this.time(index), ...this.shown().map(({ name, values }) =>
      `${name} ${this.format(values[index] ?? null)}`)].join('\n'));
    Object.assign(this.tip.style, at > WIDTH / 2 ? { right: `${100 - at / WIDTH * 100 + 1}%`, left: 'auto' }
      : { left: `${at / WIDTH * 100 + 1}%`, right: 'auto' });
  }

  tabulate() {
    const lines = this.times.map((_, index) => h('tr', {}, h('th', { scope: 'row' }, this.time(index)),
      this.series.map(({ values }) => h('td', { class: 'num' }, this.format(values[index] ?? null)))));
    return [[['time'], ...this.series.map(({ name }) => [name])], lines.reverse()];
  }
}
