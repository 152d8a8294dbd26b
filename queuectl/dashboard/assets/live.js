// The stream of one tab: open while the tab is visible and live is on, opened again if it is dead or silent.

import { get } from './api.js';
import { recall, remember } from './storage.js';

const SILENCE = 25000;
// At most this many refreshes in this many milliseconds: a single change shows at once, even soon after another.
const MOST = 4;
const WITHIN = 1000;
const BACK_OFF = [1, 2, 3, 5, 10];

export class Live {
  // handlers: hello(data), overview(data), refresh() -> promise, health(state, text)
  constructor(handlers) {
    this.handlers = handlers;
    this.paused = recall('live') === 'off';
    this.tries = 0;
    this.refreshed = []; // when the last ones began
    document.addEventListener('visibilitychange', () => this.sync());
    window.addEventListener('pagehide', () => this.close());
    window.addEventListener('pageshow', (event) => event.persisted && this.sync());
    setInterval(() => this.watch(), 1000);
  }

  pause(paused) {
    this.paused = paused;
    remember('live', paused ? 'off' : 'on');
    this.sync();
  }

  // Open or close the stream, as the tab and the switch require.
  sync() {
    if (document.hidden || this.paused) {
      this.close();
      if (this.paused) this.handlers.health('paused', 'paused');
      return;
    }
    if (!this.source) this.connect();
  }

  close() {
    this.source?.close();
    this.source = null;
    this.retryAt = null;
  }

  connect() {
    this.close();
    this.heard = Date.now();
    if (!this.tries) this.handlers.health('connecting', 'connecting');
    const source = new EventSource('/api/v1/stream');
    this.source = source;
    const on = (name, handler) => source.addEventListener(name, (event) => {
      this.heard = Date.now();
      handler?.(event.data ? JSON.parse(event.data) : {});
    });
    on('hello', (data) => {
      this.tries = 0;
      this.stopped = false;
      this.handlers.health('connected', 'connected');
      this.handlers.hello(data);
      this.refresh();
    });
    on('overview', (data) => this.handlers.overview(data));
    on('changed', () => this.refresh());
    on('ping');
    on('bye', () => { this.stopped = true; });
    source.addEventListener('error', () => this.later());
  }

  // A request comes first: it shows whether the server is back, and gets its new token.
  async reconnect() {
    this.retryAt = null;
    try {
      await get('/meta');
      this.denied = false;
      if (!this.source) this.sync();
    } catch (error) {
      this.denied = error.status === 401;
      this.later();
    }
  }

  // The browser retries by itself only after some failures: closing and waiting here covers all of them.
  later() {
    this.close();
    if (document.hidden || this.paused) return;
    this.retryAt = Date.now() + BACK_OFF[Math.min(this.tries, BACK_OFF.length - 1)] * 1000;
    this.tries += 1;
    this.watch();
  }

  watch() {
    if (this.retryAt) {
      const left = Math.ceil((this.retryAt - Date.now()) / 1000);
      if (left <= 0) this.reconnect();
      else if (this.denied) this.handlers.health('stopped', 'open the new link', 'of queuectl dashboard status');
      else if (this.stopped) this.handlers.health('stopped', 'server stopped', `retrying in ${left} s`);
      else this.handlers.health('reconnecting', 'reconnecting', `in ${left} s`);
    } else if (this.source && (this.source.readyState === 2 || Date.now() - this.heard > SILENCE)) {
      this.later();
    }
  }

  // Refresh what is shown: now, or as soon as the last one is done and there were not too many.
  refresh() {
    this.wanted = true;
    if (this.running || this.timer) return;
    const wait = this.refreshed.length < MOST ? 0 : Math.max(0, this.refreshed[0] + WITHIN - performance.now());
    this.timer = setTimeout(async () => {
      this.timer = null;
      this.wanted = false;
      this.running = true;
      this.refreshed = [...this.refreshed.slice(1 - MOST), performance.now()];
      try {
        await this.handlers.refresh();
      } finally {
        this.running = false;
        if (this.wanted) this.refresh();
      }
    }, wait);
  }
}
