/** Fills city and county lists as soon as the list above is chosen. */
async function below(url, parent) {
  const answer = await fetch(`${url}?parent=${encodeURIComponent(parent)}&limit=100`, {
    headers: { Accept: 'application/json' },
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).items;
}

function fill(select, items, words) {
  const first = new Option(words, '');
  const options = items.map((item) => new Option(item.name, item.code));
  select.replaceChildren(first, ...options);
  if (items.length === 1) select.value = items[0].code;
}

for (const field of document.querySelectorAll('[data-regions]')) {
  const [province, city, county] = field.querySelectorAll('select');
  const url = field.dataset.regionsUrl;
  const words = field.dataset.choose;
  const go = field.querySelector('[data-regions-go]');
  go.hidden = true;
  const help = () => {
    go.hidden = false;
  };
  province.addEventListener('change', async () => {
    fill(city, [], words);
    fill(county, [], words);
    if (!province.value) return;
    try {
      fill(city, await below(url, province.value), words);
    } catch {
      help();
    }
  });
  city.addEventListener('change', async () => {
    fill(county, [], words);
    const chosen = city.selectedOptions[0];
    if (!city.value) return;
    try {
      const items = await below(url, city.value);
      fill(county, items.length ? items : [{ code: city.value, name: chosen.text }], words);
    } catch {
      help();
    }
  });
}
