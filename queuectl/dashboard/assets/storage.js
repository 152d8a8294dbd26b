// The browser's memory of this dashboard. Some private windows refuse it: then only the page remembers.

const here = new Map();

export function recall(name) {
  if (here.has(name)) return here.get(name);
  try {
    return localStorage.getItem(`queuectl-${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`queuectl-${name}`, value);
    here.delete(name);
  } catch {
    here.set(name, value);
  }
}

// The same for a value as JSON; null if the text is not JSON.
export function recallValue(name) {
  try {
    return JSON.parse(recall(name));
  } catch {
    return null;
  }
}

export const rememberValue = (name, value) => remember(name, JSON.stringify(value));
