// The last lines of output below rows of the job list: opened and closed by row, refreshed with the page.

import { get, jobPath } from './api.js';
import { button, h, jobUrl, text } from './ui.js';

const LINES = 5;
const TAIL = 8192;
const LONGEST = 2000; // characters of a line that are shown

// The last lines of chunks, each of one stream. A stream that goes on continues its line.
function lastLines(chunks, isCut) {
  const lines = [];
  let open = null;
  for (const { stream, text: added } of chunks) {
    added.split('\n').forEach((part, index, parts) => {
      const ends = index < parts.length - 1;
      if (open?.stream === stream) open.raw += part;
      else if (part || ends) lines.push(open = { stream, raw: part });
      if (ends) open = null;
    });
  }
  return isCut && lines.length > 1 ? lines.slice(1).slice(-LINES) : lines.slice(-LINES);
}

function nothing({ attempt, state }) {
  if (attempt === null) return state === 'cancelled' ? 'It has never run.' : 'Still waiting: it has not run yet.';
  return state === 'processing' ? 'No output yet.' : 'No output.';
}

export class Peeks {
  // redraw() is called after a row opens or closes, find(id) returns its job
  constructor({ redraw, find, signal }) {
    this.redraw = redraw;
    this.find = find;
    this.signal = signal;
    this.open = new Map();
    this.buttons = new Map();
  }

  has(id) { return this.open.has(id); }

  toggle(id) {
    if (this.open.has(id)) {
      const inside = this.open.get(id).element.contains(document.activeElement);
      this.open.delete(id);
      if (inside) this.buttons.get(id)?.focus();
    } else {
      this.open.set(id, this.make(id));
      this.load(this.find(id));
    }
    this.buttons.get(id)?.setAttribute('aria-expanded', String(this.open.has(id)));
    this.redraw();
  }

  make(id) {
    const tail = h('div', { class: 'tail', role: 'group', tabindex: 0, 'aria-label': `Last output of ${id}` });
    const note = h('span', {}, 'Loading the output');
    return { note, tail, stage: null, loading: false, again: null, element: h('div', { class: 'peek' },
      h('p', { class: 'hint' }, note, ' ', h('a', { href: jobUrl(id) }, 'All output')), tail) };
  }

  // The button of a row: always the same one, so that it keeps the focus.
  button(id) {
    if (!this.buttons.has(id)) {
      this.buttons.set(id, button('', () => this.toggle(id), { class: 'plain expand', 'aria-label': `Output of ${id}`,
        'aria-expanded': String(this.has(id)), 'aria-controls': `peek-${id}`, title: 'Last output' }));
    }
    return this.buttons.get(id);
  }

  // The row below a job's row.
  cells(id, row, width) {
    delete row.dataset.key; // it is not the row of a job: keys and selection skip it
    row.className = 'peek-row';
    row.id = `peek-${id}`;
    return h('td', { colspan: width }, this.open.get(id).element);
  }

  // Forget the rows that are no longer shown.
  keep(ids) {
    for (const known of [this.open, this.buttons]) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    }
  }

  // Load the output of running and changed jobs; others have nothing new.
  refresh(jobs) {
    return Promise.all(jobs.filter(({ id }) => this.open.has(id)).map((job) => this.load(job)));
  }

  async load(job) {
    const peek = this.open.get(job.id);
    const stage = [job.state, job.attempts, job.updated_at].join(' ');
    if (peek.stage === stage && job.state !== 'processing') return;
    if (peek.loading) {
      peek.again = job; // it may have ended since the request
      return;
    }
    peek.loading = true;
    try {
      const [answer, ansi] = await Promise.all([
        get(`${jobPath(job.id)}/output`, { tail: TAIL }, this.signal), import('./ansi.js')]);
      peek.stage = stage;
      this.show(peek, answer, ansi);
    } catch (error) {
      if (error.name !== 'AbortError') text(peek.note, error.status === 404 ? 'The job was removed.' : error.message);
    }
    const { again } = peek;
    Object.assign(peek, { loading: false, again: null });
    if (again && this.open.get(job.id) === peek) await this.load(again);
  }

  show({ note, tail }, answer, { plain, render }) {
    const lines = lastLines(answer.chunks, answer.start > 0);
    text(note, lines.length ? `Attempt ${answer.attempt}, last lines:` : nothing(answer));
    const drawn = JSON.stringify(lines);
    if (tail.drawn === drawn) return;
    tail.drawn = drawn;
    const styles = { stdout: plain(), stderr: plain() };
    tail.replaceChildren(...lines.map(({ stream, raw }) => h('div', { class: `line ${stream}` },
      h('span', { class: 'stream' }, stream === 'stderr' ? 'err' : 'out'),
      h('span', { class: 'said' }, render(raw.slice(-LONGEST), styles[stream])))));
  }
}
