/** The host's console: the room's events, and figures and last orders every two seconds. */
import { Room } from './live.js';
import { fen } from './money.js';
import { backoff, pause } from './wait.js';

const FIGURES_MS = 2000;

class Console extends Room {
  start() {
    super.start();
    this.root.addEventListener('sent', (event) => {
      const { ok, words } = event.detail;
      this.say('console-state', ok ? this.words.wordsSent : words || this.words.wordsFailed);
    });
    this.figuresForever();
  }

  async figuresForever() {
    let failures = 0;
    for (;;) {
      try {
        const response = await fetch(this.words.figuresUrl, { headers: { Accept: 'application/json' } });
        if (response.ok) {
          this.figures(await response.json());
          failures = 0;
        } else failures += 1;
      } catch {
        failures += 1;
      }
      this.say('link', failures ? this.words.wordsReconnecting : '');
      await pause(failures ? Math.max(FIGURES_MS, backoff(failures)) : FIGURES_MS);
    }
  }

  figures({ figures, orders, items, pinned_item_id: pinned, status }) {
    for (const [name, value] of Object.entries(figures)) {
      const place = this.root.querySelector(`[data-figure="${CSS.escape(name)}"]`);
      if (place) place.textContent = name.endsWith('_fen') ? fen(value) : value;
    }
    this.orders(orders);
    items.forEach((item) => this.row(item));
    this.pin(pinned);
    this.status(status);
  }

  orders(orders) {
    const lines = orders.map((order) => {
      const line = this.copy('order');
      this.say('what', `${order.name} · ${order.title} × ${order.quantity}`, line);
      this.say('total', fen(order.total_fen), line);
      this.slot('unpaid', line).hidden = order.paid;
      return line;
    });
    this.root.querySelector('[data-orders]').replaceChildren(...lines);
    this.slot('no-orders').hidden = lines.length > 0;
  }

  row(item) {
    const row = this.root.querySelector(`[data-row="${Number(item.id)}"]`);
    if (!row) {
      location.reload();
      return;
    }
    for (const name of ['remaining', 'sold', 'held']) {
      if (name in item) this.say(name, item[name], row);
    }
    if ('live_price_fen' in item) this.say('price', fen(item.live_price_fen), row);
    this.slot('meter', row).value = item.remaining;
  }

  item() {
    this.feed.resync();
  }

  show(body) {
    this.status(body.status);
    this.pin(body.pinned_item_id);
    this.viewers(body.viewers);
  }

  pin(id) {
    for (const row of this.root.querySelectorAll('[data-row]')) {
      const pinned = row.dataset.row === String(id ?? '');
      row.classList.toggle('pinned', pinned);
      row.querySelector('[data-when="on"]').hidden = !pinned;
      row.querySelector('[data-when="off"]').hidden = pinned;
    }
  }
}

export const start = (root) => new Console(root).start();
