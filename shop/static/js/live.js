/** The live room: pin, stock, comments and figures follow the host without a reload. */
import { Feed } from './feed.js';
import { fen } from './money.js';
import { pause } from './wait.js';

const OVER = ['ended', 'banned', 'archived'];
const PRESENCE_MS = 15000;
const KEPT_COMMENTS = 100;
const TICKER_MS = 8000;
const LAST_ZERO = /0(?!.*0)/;

export class Room {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.comments = root.querySelector('[data-comments]');
    this.shelf = root.querySelector('[data-shelf]');
    this.pinned = Number(root.querySelector('[data-pin]')?.dataset.pin) || null;
    this.feed = new Feed(root.dataset, {
      event: (type, data) => this.on[type]?.(data),
      snapshot: (body) => this.show(body),
      link: (up) => this.say('link', up ? '' : this.words.wordsReconnecting),
    });
    this.on = {
      'room.status': (data) => this.status(data.status),
      'pin.set': (data) => this.pin(data.item_id),
      'pin.clear': () => this.pin(null),
      'item.update': (data) => this.item(data),
      'stock.state': (data) => this.each(data.item_id, (card) => this.stock(card, data.stock)),
      'flash.start': (data) => this.each(data.item_id, (card) => this.price(card, data)),
      'flash.end': (data) => this.each(data.item_id, (card) => this.price(card, data)),
      'order.tick': (data) => this.tick(data),
      'comment.new': (data) => this.comment(data),
      'comment.hide': (data) => this.root.querySelector(`[data-comment="${Number(data.id)}"]`)?.remove(),
      viewers: (data) => this.viewers(data.count),
      notice: (data) => this.ticker(data.text),
    };
  }

  start() {
    this.root.addEventListener('click', (event) => {
      if (!event.target.closest('[data-all]')) return;
      event.preventDefault();
      this.unfold();
    });
    this.comments?.scrollTo(0, this.comments.scrollHeight);
    if (OVER.includes(this.root.querySelector('.stage').dataset.status)) return;
    this.feed.start();
    if (this.words.presenceUrl) {
      this.present();
      this.presence = setInterval(() => this.present(), PRESENCE_MS);
    }
  }

  present() {
    fetch(this.words.presenceUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ viewer: viewer() }),
      keepalive: true,
    }).catch(() => this.say('link', this.words.wordsReconnecting));
  }

  slot(name, within = this.root) {
    return within.querySelector(`[data-slot="${name}"]`);
  }

  say(name, words, within = this.root) {
    const slot = this.slot(name, within);
    if (slot && slot.textContent !== words) slot.textContent = words;
  }

  copy(name) {
    return this.root.querySelector(`template[data-pattern="${name}"]`).content.firstElementChild.cloneNode(true);
  }

  each(id, change) {
    this.root.querySelectorAll(`[data-item="${Number(id)}"]`).forEach(change);
  }

  show(body) {
    this.status(body.status);
    const known = new Set(body.items.map((item) => String(item.id)));
    for (const card of this.shelf?.children ?? []) {
      if (!known.has(card.dataset.item)) card.dataset.status = 'off';
    }
    body.items.forEach((item) => this.item(item));
    this.pin(body.pinned_item_id);
    this.viewers(body.viewers);
  }

  status(status) {
    const stage = this.root.querySelector('.stage');
    if (stage.dataset.status === status) return;
    const wasOnAir = this.onAir();
    stage.dataset.status = status;
    const words = { live: 'wordsLive', paused: 'wordsPaused', ended: 'wordsEnded', banned: 'wordsBanned' }[status];
    if (status === 'live' && !wasOnAir) {
      setTimeout(() => location.reload(), Math.random() * 3000);
      return;
    }
    const badge = document.createElement('span');
    badge.className = `badge ${status === 'live' ? 'live' : 'warn'}`;
    badge.textContent = (this.words[words] || status).split(/[。.]/)[0];
    this.slot('status').replaceChildren(badge);
    const note = this.slot('room-note');
    note.hidden = status === 'live';
    note.textContent = this.words[words] || '';
    if (OVER.includes(status)) {
      this.feed.stop();
      clearInterval(this.presence);
      setTimeout(() => location.reload(), 1500 + Math.random() * 4000);
    }
  }

  viewers(count) {
    this.say('viewers', this.words.wordsViewers.replace('{n}', count));
  }

  item(item) {
    if (!this.shelf) return;
    if (!this.shelf.querySelector(`[data-item="${Number(item.id)}"]`)) {
      const card = this.copy('item');
      card.dataset.item = item.id;
      this.shelf.append(card);
      this.restock();
    }
    this.each(item.id, (card) => this.fill(card, item));
  }

  /** What only the server can tell (the split, the harvest, the seller) comes a moment later. */
  async restock(wait = 300 + Math.random() * 2700) {
    if (this.restocking || !this.words.shelfUrl) return;
    this.restocking = true;
    await pause(wait);
    try {
      const response = await fetch(this.words.shelfUrl);
      if (response.ok) {
        this.root.querySelector('[data-goods]').innerHTML = await response.text();
        this.shelf = this.root.querySelector('[data-shelf]');
        this.pin(this.pinned, true);
      }
    } catch {
      this.say('link', this.words.wordsReconnecting);
    } finally {
      this.restocking = false;
    }
  }

  /** The rest of a long shelf comes without leaving the picture. */
  async unfold() {
    const known = this.shelf.children.length;
    await this.restock(0);
    this.shelf.children[known]?.querySelector('a')?.focus();
  }

  onAir() {
    return ['live', 'paused'].includes(this.root.querySelector('.stage').dataset.status);
  }

  fill(card, item) {
    card.dataset.status = item.status;
    for (const name of ['title', 'title-again']) this.say(name, item.title, card);
    this.say('no', item.seq_no, card);
    this.say('name', item.name || '', card);
    this.say('unit', item.unit ? `/${item.unit}` : '', card);
    this.price(card, item);
    this.cover(card, item);
    this.slot('buy', card).dataset.href = this.words.buyUrl.replace(LAST_ZERO, item.id);
    this.stock(card, item.stock);
  }

  /** A split that was reckoned from another price is taken away rather than shown wrong. */
  price(card, item) {
    if (!this.onAir()) {
      this.restock();
      return;
    }
    const now = item.live_price_fen ?? item.price_fen;
    const shop = item.price_fen > now ? fen(item.price_fen) : '';
    const strike = item.strike_price_fen ? fen(item.strike_price_fen) : '';
    const words = fen(now);
    const place = this.slot('price', card);
    if (place.textContent && place.textContent !== words) {
      this.slot('shares', card).replaceChildren();
      this.restock();
    }
    this.say('price', words, card);
    this.slot('shop', card).hidden = !shop;
    this.say('shop-price', shop, card);
    this.slot('strike', card).hidden = !strike;
    this.say('strike', strike, card);
  }

  cover(card, item) {
    const empty = card.querySelector('.no-picture');
    if (!empty || !item.cover_url) return;
    const picture = document.createElement('img');
    picture.src = item.cover_url;
    picture.alt = '';
    empty.replaceWith(picture);
  }

  stock(card, stock) {
    card.dataset.stock = stock;
    const key = { plenty: 'wordsPlenty', low: 'wordsLow', sold_out: 'wordsSoldOut' }[stock];
    this.say('stock', this.words[key] || '', card);
    const buy = this.slot('buy', card);
    if (stock === 'sold_out') {
      buy.removeAttribute('href');
      buy.setAttribute('aria-disabled', 'true');
    } else {
      buy.href = buy.dataset.href;
      buy.removeAttribute('aria-disabled');
    }
  }

  /** The pinned card is a copy of the shelf's; an item the page does not know comes with the snapshot. */
  pin(id, again = false) {
    this.pinned = id;
    const box = this.root.querySelector('[data-pin]');
    if (!box || (box.dataset.pin === String(id ?? '') && !again)) return;
    const original = id && this.shelf.querySelector(`[data-item="${Number(id)}"]`);
    if (id && !original) {
      this.feed.resync();
      return;
    }
    box.dataset.pin = id ?? '';
    this.shelf.querySelector('.pinned')?.classList.remove('pinned');
    this.slot('no-pin', box).hidden = Boolean(id);
    const place = this.slot('pinned', box);
    place.replaceChildren();
    if (!id) return;
    original.classList.add('pinned');
    const card = document.createElement('div');
    card.className = again ? 'item pinned' : 'item pinned fresh';
    Object.assign(card.dataset, original.dataset);
    card.append(...original.cloneNode(true).childNodes);
    this.seller(card);
    place.append(card);
  }

  /** Name, address, telephone and licence of who sells stand on the card itself. */
  seller(card) {
    const known = this.root.querySelector(`[data-sellers] [data-seller="${CSS.escape(card.dataset.seller ?? '')}"]`);
    if (!known) return;
    const place = this.slot('seller', card);
    place.replaceChildren(...known.cloneNode(true).childNodes);
    place.hidden = false;
  }

  tick({ orders, buyers_masked: names }) {
    const words = this.words.wordsOrders.replace('{n}', orders).replace('{names}', names.slice(0, 3).join('、'));
    this.ticker(words);
  }

  ticker(words) {
    this.say('ticker', words);
    clearTimeout(this.tickerEnd);
    this.tickerEnd = setTimeout(() => this.say('ticker', ''), TICKER_MS);
  }

  comment({ id, name, text }) {
    const list = this.comments;
    if (!list || list.querySelector(`[data-comment="${Number(id)}"]`)) return;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    const line = this.copy('comment');
    line.dataset.comment = id;
    this.say('name', name, line);
    this.say('text', text, line);
    for (const form of line.querySelectorAll('form[data-action]')) {
      form.setAttribute('action', form.dataset.action.replace(LAST_ZERO, id));
    }
    list.append(line);
    while (list.children.length > KEPT_COMMENTS) list.firstElementChild.remove();
    if (atEnd) list.scrollTo(0, list.scrollHeight);
  }
}

/** One number a visit, so that a viewer counts once; it is kept nowhere else. */
function viewer() {
  let known = sessionStorage.getItem('viewer');
  if (!known) {
    known = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
    sessionStorage.setItem('viewer', known);
  }
  return known;
}

export const start = (root) => new Room(root).start();
