/** The order's waiting view: the same form with the same key again, until it is taken or time is up. */
import { pause, retryAfter } from './wait.js';

async function once(form) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 10000);
  try {
    const body = new URLSearchParams(new FormData(form));
    return await fetch(form.action, { method: 'POST', body, credentials: 'same-origin', signal: stop.signal });
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** A 503 or a lost line is asked again; anything else is an answer and is shown. */
export async function start(root) {
  const form = root.querySelector('form');
  const until = Date.now() + (Number(root.dataset.limit) || 30) * 1000;
  let seconds = Number(root.dataset.retryAfter) || 2;
  while (Date.now() + seconds * 1000 < until) {
    await pause(seconds * 1000 * (1 + Math.random() / 2));
    const response = await once(form);
    if (response && response.status !== 503) {
      if (response.redirected) location.assign(response.url);
      else form.submit();
      return;
    }
    if (response) seconds = retryAfter(response, seconds);
  }
  root.querySelector('[data-slot="waiting"]').hidden = true;
  root.querySelector('[data-slot="kept"]').hidden = false;
}
