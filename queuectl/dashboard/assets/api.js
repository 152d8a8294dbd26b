// The JSON API: every request carries the token; a refusal becomes an ApiError.
//
// A page has the token in it if it was opened with the link, or by the user on this machine. The token is remembered
// for reloads and other tabs: the cookie goes to every port, so it is good for reading only.

import { recall, remember } from './storage.js';
import { $ } from './ui.js';

let token = tokenOf(document) || recall('token');
let meta = null; // the promise of it

class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, message?: string, hint?: string, field?: string}} [error]
   */
  constructor(status, { code, message, hint, field } = {}) {
    super(message || `The server answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.field = field;
  }
}

// Turn {a: 1, b: null, c: ''} into "?a=1".
export function queryString(values) {
  const used = Object.entries(values || {}).filter(([, value]) => (value ?? '') !== '');
  return used.length ? `?${new URLSearchParams(used)}` : '';
}

function tokenOf(page) {
  const found = $('meta[name=queuectl-token]', page)?.content;
  if (found) remember('token', found);
  return found;
}

// After a restart the server may have a new token: its page brings it, and the cookie for the stream. Or another tab
// was opened with the new link.
async function renew() {
  const answer = await fetch('/', { headers: { Accept: 'text/html' } }).catch(() => null);
  if (!answer?.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const found = tokenOf(page) || recall('token');
  const changed = Boolean(found) && found !== token;
  token = found || token;
  return changed;
}

async function request(method, path, body, signal, again = true) {
  const headers = token ? { 'X-QueueCTL-Token': token } : {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { method, headers, signal, body: body && JSON.stringify(body) });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, { message: 'The dashboard server does not answer',
      hint: 'start it with: queuectl dashboard' });
  }
  const type = response.headers.get('Content-Type') || '';
  const value = type.includes('json') ? await response.json() : await response.text();
  if (response.status === 401 && again && await renew()) return request(method, path, body, signal, false);
  if (!response.ok) throw new ApiError(response.status, value.error);
  return value;
}

/** @type {<P extends string>(path: P, query?: any, signal?: AbortSignal) => Promise<Api.Answer<P>>} */
export const get = (path, query, signal) => request('GET', path + queryString(query), undefined, signal);

// What the server is and can do: requested once; a failure is not remembered.
export function loadMeta() {
  meta ??= get('/meta').catch((error) => { meta = null; throw error; });
  return meta;
}

export const loadFields = () => loadMeta().then(({ fields }) => fields);

export const post = (path, body = {}) => request('POST', path, body);
export const patch = (path, body) => request('PATCH', path, body);
export const remove = (path) => request('DELETE', path, {});
/** @type {(id: string) => `/jobs/${string}`} */
export const jobPath = (id) => `/jobs/${encodeURIComponent(id)}`;
