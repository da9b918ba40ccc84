/** Posts a form without leaving the page; answers whether it went through, and what was said if not. */
export async function send(form, { submitter, timeout = 10000 } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeout);
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      body: new URLSearchParams(new FormData(form, submitter)),
      headers: { Accept: 'application/json' },
      credentials: 'same-origin',
      redirect: 'manual',
      signal: stop.signal,
    });
    if (response.ok || response.type === 'opaqueredirect') return { ok: true };
    const isJson = (response.headers.get('Content-Type') || '').includes('json');
    return { ok: false, words: isJson ? (await response.json()).detail : '' };
  } catch {
    return { ok: false, words: '' };
  } finally {
    clearTimeout(timer);
  }
}
