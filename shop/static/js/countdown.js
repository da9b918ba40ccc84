/** Time left by the server's clock, whatever the phone's says. */
const two = (number) => String(number).padStart(2, '0');

export function start(place) {
  const offset = Date.parse(place.dataset.serverTime) - Date.now();
  const ends = Date.parse(place.dataset.countdown);
  const tick = () => {
    const left = Math.max(0, Math.ceil((ends - Date.now() - offset) / 1000));
    const hours = Math.floor(left / 3600);
    const words = `${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    place.textContent = hours ? `${hours}:${words}` : words;
    if (left > 0) setTimeout(tick, 1000);
    else if ('reload' in place.dataset) setTimeout(() => location.reload(), 1000 + Math.random() * 1000);
  };
  tick();
}
