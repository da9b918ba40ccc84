/** The events of one live session: a stream where it holds, long polls where it does not. */
import { backoff, pause, retryAfter } from './wait.js';

const TYPES = [
  'room.status', 'pin.set', 'pin.clear', 'item.update', 'stock.state', 'order.tick', 'comment.new',
  'comment.hide', 'viewers', 'like.delta', 'flash.start', 'flash.end', 'notice',
];
const GIVE_UP_STREAM_AFTER = 2;
const RETRY_STREAM_MS = 60000;
const POLL_WAIT_S = 20;

export class Feed {
  /** hear: {event(type, data), snapshot(body), link(connected)}; seq is what the page already shows. */
  constructor({ eventsUrl, changesUrl, snapshotUrl, seq }, hear) {
    this.urls = { events: eventsUrl, changes: changesUrl, snapshot: snapshotUrl };
    this.seq = Number(seq) || 0;
    this.hear = hear;
    this.failures = 0;
  }

  start() {
    if (window.EventSource) this.stream();
    else this.poll(Infinity);
  }

  stream() {
    const source = new EventSource(`${this.urls.events}?after=${this.seq}`);
    let held = 0;
    this.source = source;
    source.onopen = () => {
      held = setTimeout(() => { this.failures = 0; }, 5000);
      this.hear.link(true);
    };
    for (const type of TYPES) {
      source.addEventListener(type, (event) => {
        this.failures = 0;
        this.take(type, Number(event.lastEventId), JSON.parse(event.data));
      });
    }
    source.onerror = async () => {
      if (this.over) return;
      if (source.readyState === EventSource.CLOSED || this.failures > 0) {
        source.close();
        clearTimeout(held);
        await this.retry();
      } else {
        this.failures += 1;
        this.hear.link(false);
      }
    };
  }

  async retry() {
    this.failures += 1;
    this.hear.link(false);
    if (this.failures >= GIVE_UP_STREAM_AFTER) {
      this.poll(Date.now() + RETRY_STREAM_MS);
      return;
    }
    await pause(backoff(this.failures));
    if (!this.over) this.stream();
  }

  /** The show is over: nothing more will come. */
  stop() {
    this.over = true;
    this.source?.close();
  }

  async poll(until) {
    let failures = 0;
    while (Date.now() < until && !this.over) {
      try {
        const response = await fetch(`${this.urls.changes}?after=${this.seq}&wait=${POLL_WAIT_S}`);
        if (!response.ok) {
          failures += 1;
          await pause(Math.max(retryAfter(response, 0) * 1000, backoff(failures)));
          continue;
        }
        const body = await response.json();
        failures = 0;
        this.hear.link(true);
        for (const event of body.events) this.take(event.type, event.seq, event.data);
        if (body.gap) this.resync();
      } catch {
        failures += 1;
        this.hear.link(false);
        await pause(backoff(failures));
      }
    }
    this.failures = 0;
    if (!this.over) this.stream();
  }

  /** Events come once and in order; a hole is filled by the snapshot. */
  take(type, seq, data) {
    if (seq && seq <= this.seq) return;
    const hole = seq > this.seq + 1;
    if (seq) this.seq = seq;
    this.hear.event(type, data);
    if (hole) this.resync();
  }

  /** One snapshot for any number of holes, a moment later and not with everybody else. */
  async resync() {
    if (this.resyncing) return;
    this.resyncing = true;
    await pause(Math.random() * 1000);
    try {
      const response = await fetch(this.urls.snapshot);
      if (response.ok) {
        const body = await response.json();
        if (body.seq >= this.seq) {
          this.seq = body.seq;
          this.hear.snapshot(body);
        }
      }
    } catch {
      this.hear.link(false);
    } finally {
      this.resyncing = false;
    }
  }
}
