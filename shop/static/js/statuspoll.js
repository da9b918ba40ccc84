/** Asks how an order or a payment stands and shows the page anew when it has changed. */
import { backoff, pause } from './wait.js';

const SLOWEST_MS = 15000;

export async function start(place) {
  let every = 2000;
  let failures = 0;
  for (;;) {
    await pause(failures ? backoff(failures) : every);
    if (document.hidden) continue;
    try {
      const response = await fetch(place.dataset.statusUrl, { headers: { Accept: 'application/json' } });
      if (!response.ok) throw new Error(response.status);
      failures = 0;
      if ((await response.json()).status !== place.dataset.status) {
        location.reload();
        return;
      }
    } catch {
      failures += 1;
    }
    every = Math.min(SLOWEST_MS, every * 1.2);
  }
}
