// The states and verbs of jobs, in the order of the server, which has the only list of both.

export const STATES = new Map(); // name: {glyph, phrase, is_final, is_due, is_rare}
// name: {label, done, question, key, states, means, destroys, in_rows, is_plain, deletes, flags}
export const VERBS = new Map();
export const LIMITS = { page: 0 }; // the most that may be asked for at once
export const FILTERS = new Map(); // key: {example, help}

export function learn({ states, verbs, filters, limits }) {
  Object.assign(LIMITS, limits);
  for (const state of states) STATES.set(state.name, state);
  for (const verb of verbs) VERBS.set(verb.name, verb);
  for (const filter of filters) FILTERS.set(filter.key, filter);
}

/**
 * The names of the verbs that need nothing but jobs and for which `fits` holds.
 *
 * @param {(verb: any) => boolean} fits
 */
export function plainVerbs(fits = () => true) {
  return [...VERBS.values()].filter((verb) => verb.is_plain && fits(verb)).map(({ name }) => name);
}

// The actions of keys: `run(verb)` for each of the verbs that has a key.
export function keysOf(names, run) {
  return Object.fromEntries(names.map((name) => VERBS.get(name)).filter(({ key }) => key)
    .map(({ key, name }) => [key, run(name)]));
}
