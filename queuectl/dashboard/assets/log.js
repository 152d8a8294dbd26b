// The output of one attempt: chunks of lines, which the browser lays out when they are visible. It starts with the end,
// and keeps at most 5000 lines. "Show all", Enter in the search and a link to a line load the whole output, in parts.
// Lines have numbers once the first one is loaded.

import { get, jobPath, queryString } from './api.js';
import { copyOf, plain, render, strip } from './ansi.js';
import { bytes, number } from './format.js';
import { recall, remember } from './storage.js';
import { $, $$, button, copyButton, fail, grow, h, text } from './ui.js';

const CHUNK = 500;
const CAP = 5000;
const TAIL = 65536;
const PART = 262144;
const BEHIND = 1000000; // so far behind, the middle is left out
const LONGEST = 4000; // characters of one line before it is broken

// The chunks of an answer, with a line where bytes were not kept.
function withGaps({ chunks, missing }) {
  const gaps = missing.map(({ start, end }) => ({ stream: 'stdout', offset: start,
    text: `\n[... ${end - start} bytes left out ...]\n` }));
  return [...chunks, ...gaps].sort((one, other) => one.offset - other.offset);
}

export class LogPane {
  constructor(id) {
    this.id = id;
    this.pane = h('div', { class: 'output short', role: 'log', 'aria-live': 'off', 'aria-label': 'Output', tabindex: 0,
      on: { scroll: () => this.scrolled(), click: (event) => this.link(event) } });
    this.note = h('p', { class: 'hint' });
    this.find = h('input', { type: 'search', 'aria-label': 'Find in the output', placeholder: 'Find',
      on: { input: () => this.search(0), keydown: (event) => event.key === 'Enter'
        && this.searchAll(event.shiftKey ? -1 : 1) } });
    this.line = h('input', { 'aria-label': 'Go to line', placeholder: 'Line', size: 6, inputmode: 'numeric',
      autocomplete: 'off', on: { keydown: (event) => event.key === 'Enter' && this.linkTo(Number(this.line.value)) } });
    this.allButton = button('Show all', () => this.all());
    this.hits = h('span', { class: 'muted', role: 'status' });
    this.followButton = button('Follow', () => this.follow(!this.following), { 'aria-pressed': 'true' });
    this.wrapButton = button('Wrap', () => this.wrap(), { 'aria-pressed': 'false' });
    this.download = h('a', { class: 'button', download: true }, 'Download');
    this.element = h('div', {}, h('div', { class: 'row' }, this.followButton, this.wrapButton, this.find, this.hits,
      this.line, grow(), this.allButton, button('Read last lines', () => this.read()),
      copyButton(() => $$('.line', this.pane).map((line) => line.textContent).join('\n'), 'Copy'), this.download),
    this.note, this.pane);
    this.following = true;
    // The browser may know the height of a chunk only when it shows it.
    this.sizes = new ResizeObserver(() => this.stick());
    this.begin(null);
    if (recall('wrap') === 'on') this.wrap();
  }

  begin(attempt, whole = false) {
    this.attempt = attempt;
    this.whole = whole;
    this.cut = 0; // bytes that were not kept
    this.end = null; // of what was fetched, in bytes
    this.size = 0;
    this.eof = false;
    this.open = null; // the line that goes on
    this.lines = 0;
    this.dropped = 0; // lines
    this.skipped = 0; // bytes
    this.styles = { stdout: plain(), stderr: plain() };
    this.sizes.disconnect();
    this.pane.replaceChildren();
  }

  // Show the end of another attempt.
  show(attempt) {
    this.begin(attempt);
    this.download.href = `/api/v1${jobPath(this.id)}/output${queryString({ attempt, format: 'text', download: 1 })}`;
    return this.load();
  }

  // Show the whole output that is kept.
  async all() {
    this.follow(false);
    if (!this.whole) this.begin(this.attempt, true);
    await this.loading;
    await this.load();
  }

  // Show a line by its number; resolves with whether there is one.
  async goTo(wanted) {
    await this.all();
    const line = $(`[data-line="${wanted}"]`, this.pane);
    if (!line) {
      text(this.hits, `There are ${number(this.lines)} lines`);
      return false;
    }
    $$('.line.target', this.pane).forEach((other) => other.classList.remove('target'));
    line.classList.add('target');
    line.scrollIntoView({ block: 'center' });
    return true;
  }

  // Show a line and put the link to it into the address.
  async linkTo(wanted) {
    const { pathname } = location;
    if (!(wanted > 0) || !await this.goTo(wanted) || location.pathname !== pathname) return;
    history.replaceState(history.state, '', `#L${wanted}`);
  }

  // A click on the number of a line leads to its link.
  link(event) {
    const line = event.target.closest('.line');
    if (!line || !this.pane.classList.contains('numbered')) return;
    if (event.clientX > line.getBoundingClientRect().left + parseFloat(getComputedStyle(line).paddingLeft)) return;
    this.linkTo(Number(line.dataset.line));
  }

  // Fetch new output; resolves when it is shown. Only one fetch runs at a time.
  load() {
    if (this.loading || this.eof) return this.loading;
    const { attempt, whole } = this;
    this.loading = this.fetchNew(attempt, whole).finally(() => {
      this.loading = null;
      return attempt === this.attempt && whole === this.whole ? null : this.load();
    });
    return this.loading;
  }

  async fetchNew(attempt, whole) {
    try {
      for (let more = true; more && attempt === this.attempt && whole === this.whole;) {
        const first = this.end === null;
        const answer = await get(`${jobPath(this.id)}/output`,
          { attempt, ...(whole ? { offset: this.end ?? 0, limit: PART }
            : first ? { tail: TAIL } : { offset: this.end }) });
        if (attempt !== this.attempt || whole !== this.whole) break;
        if (!whole && !first && answer.size - answer.end > BEHIND) {
          this.skipped += answer.size - TAIL - this.end;
          this.end = answer.size - TAIL;
          continue;
        }
        if (first) this.skipped = answer.start || 0;
        more = answer.end > (this.end ?? -1) && answer.end < answer.size;
        this.end = answer.end;
        this.eof = answer.eof;
        this.size = answer.size;
        await this.append(withGaps(answer));
        this.cut += answer.missing.reduce((sum, { start, end }) => sum + end - start, 0);
        this.explain();
      }
    } catch (error) {
      fail(error);
    }
  }

  // Lines are added in slices, so that the browser can do other things in between. Surplus lines are left out.
  async append(chunks) {
    const { attempt, whole } = this;
    const pieces = chunks.flatMap(({ stream, text: added }) => {
      const parts = added.split('\n');
      return parts.map((part, index) => ({ stream, part, ends: index < parts.length - 1 }));
    }).filter(({ part, ends }) => part || ends);
    if (!whole && pieces.length > CAP) {
      this.dropped += pieces.length - CAP;
      pieces.splice(0, pieces.length - CAP);
      this.open = null;
    }
    this.explain();
    const step = whole ? CAP : CHUNK; // each slice is laid out separately, at a cost that grows with the output
    for (let at = 0; at < pieces.length; at += step) {
      if (at) await new Promise((resolve) => { setTimeout(resolve); });
      if (attempt !== this.attempt || whole !== this.whole) return;
      pieces.slice(at, at + step).forEach((piece) => this.addPiece(piece));
      this.trim();
      this.stick();
    }
    this.explain();
    if (this.find.value) this.search(0, true);
  }

  addPiece({ stream, part, ends }) {
    for (let at = 0; at === 0 || at < part.length; at += LONGEST) this.addText(stream, part.slice(at, at + LONGEST));
    if (ends) this.open = null;
  }

  trim() {
    while (!this.whole && this.pane.childElementCount > CAP / CHUNK) {
      this.dropped += this.pane.firstElementChild.childElementCount;
      this.sizes.unobserve(this.pane.firstElementChild);
      this.pane.firstElementChild.remove();
    }
  }

  // Text goes on in the open line if that is of the same stream, and has room.
  addText(stream, added) {
    if (this.open && this.open.stream === stream && this.open.raw.length + added.length <= LONGEST) {
      this.open.raw += added;
      this.styles[stream] = copyOf(this.open.style);
    } else {
      this.lines += 1;
      const line = h('div', { class: stream === 'stderr' ? 'line stderr' : 'line', 'data-line': this.lines });
      this.open = { stream, raw: added, line, style: copyOf(this.styles[stream]) };
      let chunk = this.pane.lastElementChild;
      if (!chunk || chunk.childElementCount >= CHUNK) {
        this.pane.append(chunk = h('div', { class: 'chunk' }));
        this.sizes.observe(chunk);
      }
      chunk.append(line);
    }
    const nodes = render(this.open.raw, this.styles[stream]);
    this.open.line.replaceChildren(...(nodes.length ? nodes : ['\u200b']));
  }

  explain() {
    const { skipped, dropped, size } = this;
    this.pane.classList.toggle('short', this.lines < 20);
    const parts = [];
    if (!size) parts.push(this.attempt === null ? 'It has not run yet.' : `No output${this.eof ? '' : ' so far'}.`);
    const earlier = skipped ? bytes(skipped) : dropped ? `${number(dropped)} lines` : '';
    if (earlier) parts.push(`${earlier} before this are not shown.`);
    if (this.cut) parts.push(`${bytes(this.cut)} in the middle were not kept: the output passed its limit.`);
    this.pane.classList.toggle('numbered', !earlier);
    this.allButton.hidden = !earlier;
    text(this.note, parts.join(' '));
  }

  // Stay at the end.
  stick() {
    if (!this.following) return; // to read the position would lay out everything
    this.pane.scrollTop = this.pane.scrollHeight;
    this.top = this.pane.scrollTop;
  }

  // A user who scrolls up wants to read: following ends.
  scrolled() {
    const top = this.pane.scrollTop;
    const atEnd = this.pane.scrollHeight - top - this.pane.clientHeight < 40;
    if (!atEnd && this.following && top < this.top) this.follow(false);
    this.top = top;
  }

  follow(on) {
    this.following = on;
    this.followButton.setAttribute('aria-pressed', String(on));
    this.stick();
  }

  wrap() {
    const on = this.pane.classList.toggle('wrap');
    this.wrapButton.setAttribute('aria-pressed', String(on));
    remember('wrap', on ? 'on' : 'off');
  }

  read() {
    const lines = $$('.line', this.pane).slice(-5).map((line) => strip(line.textContent));
    text(document.getElementById('announce'), lines.join('\n') || 'No output');
  }

  // Search the whole output.
  async searchAll(step) {
    if (this.allButton.hidden) { this.search(step); return; }
    await this.all();
    this.search(0);
  }

  // Mark the hits; `step` moves to the next or previous one.
  search(step, quiet) {
    const wanted = this.find.value.toLowerCase();
    const ranges = [];
    if (wanted) {
      const walker = document.createTreeWalker(this.pane, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node && ranges.length < 2000; node = walker.nextNode()) {
        const lower = node.textContent.toLowerCase();
        for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + wanted.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + wanted.length);
          ranges.push(range);
        }
      }
    }
    this.hit = !ranges.length ? 0 : step ? ((this.hit || 0) + step + ranges.length) % ranges.length
      : quiet ? Math.min(this.hit || 0, ranges.length - 1) : ranges.length - 1;
    const more = this.allButton.hidden ? '' : ' here, Enter searches all';
    text(this.hits, wanted ? `${ranges.length ? this.hit + 1 : 0} of ${number(ranges.length)}${more}` : '');
    if (window.Highlight) {
      CSS.highlights.set('found', new Highlight(...ranges));
      CSS.highlights.set('found-at', new Highlight(...ranges.slice(this.hit, this.hit + 1)));
    }
    if (!quiet && ranges.length) {
      if (this.following) this.follow(false);
      ranges[this.hit].startContainer.parentElement.scrollIntoView({ block: 'center' });
    }
  }
}
