/** What every page gets, and the door to the parts that only some pages need. Pages work without it. */
import { send } from './send.js';

const PARTS = {
  '[data-room]': () => import('./live.js'),
  '[data-console]': () => import('./console.js'),
  '[data-regions]': () => import('./regions.js'),
  '[data-waiting]': () => import('./waiting.js'),
  '[data-countdown]': () => import('./countdown.js'),
  '[data-status-url]': () => import('./statuspoll.js'),
};

const confirmed = new WeakSet();
const sending = new Map();

function ask(form, submitter) {
  const dialog = document.createElement('dialog');
  const words = document.createElement('p');
  const row = document.createElement('div');
  const no = document.createElement('button');
  const yes = document.createElement('button');
  words.textContent = form.dataset.confirm;
  words.className = 'pre';
  words.id = 'ask-words';
  dialog.setAttribute('aria-labelledby', words.id);
  row.className = 'actions';
  no.className = 'btn';
  no.textContent = document.body.dataset.no;
  yes.className = 'btn primary';
  yes.textContent = document.body.dataset.yes;
  row.append(no, yes);
  dialog.append(words, row);
  document.body.append(dialog);
  no.addEventListener('click', () => dialog.close());
  yes.addEventListener('click', () => {
    confirmed.add(form);
    dialog.close();
    form.requestSubmit(submitter);
  });
  dialog.addEventListener('close', () => dialog.remove());
  dialog.showModal();
}

function settle(form) {
  sending.get(form)?.removeAttribute('aria-busy');
  sending.delete(form);
}

async function sendQuietly(form, submitter) {
  const { ok, words } = await send(form, { submitter });
  settle(form);
  if (ok && 'clear' in form.dataset) form.reset();
  const known = form.closest('[data-words-failed]')?.dataset.wordsFailed;
  const state = form.parentElement.querySelector('[data-slot="send-state"]');
  if (state) {
    state.hidden = ok;
    state.textContent = ok ? '' : words || known || '';
  }
  form.dispatchEvent(new CustomEvent('sent', { bubbles: true, detail: { ok, words } }));
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  const submitter = event.submitter;
  if (form.dataset.confirm && !confirmed.has(form)) {
    event.preventDefault();
    ask(form, submitter);
    return;
  }
  confirmed.delete(form);
  if (form.method !== 'post') return;
  if (sending.has(form)) {
    event.preventDefault();
    return;
  }
  sending.set(form, submitter);
  submitter?.setAttribute('aria-busy', 'true');
  if ('send' in form.dataset) {
    event.preventDefault();
    sendQuietly(form, submitter);
  } else {
    setTimeout(() => settle(form), 15000);
  }
});

window.addEventListener('pageshow', () => [...sending.keys()].forEach(settle));

document.addEventListener('change', (event) => {
  const form = event.target.closest('form[data-auto]');
  if (form && event.target.matches('select, [type="checkbox"], [type="radio"]')) form.requestSubmit();
});

document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('[data-menu][open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const button = event.target.closest('[data-copy]');
  if (button) {
    navigator.clipboard.writeText(button.dataset.copy).then(() => {
      button.lastElementChild.textContent = button.dataset.done;
    });
  }
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of document.querySelectorAll('[data-menu][open]')) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
});

if (navigator.clipboard) {
  for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;
}
document.querySelector('[data-focus]')?.focus();
for (const [selector, load] of Object.entries(PARTS)) {
  const found = document.querySelectorAll(selector);
  if (found.length) load().then((part) => found.forEach(part.start));
}
