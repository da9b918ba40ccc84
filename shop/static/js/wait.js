/** Waiting that does not bring every visitor back in the same instant. */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Doubling from one second to thirty, each time anywhere between half and the whole. */
export const backoff = (failures) => Math.min(30000, 1000 * 2 ** failures) * (0.5 + Math.random() / 2);

/** Seconds of a Retry-After header, or the given default. */
export const retryAfter = (response, otherwise) => {
  const seconds = Number(response.headers.get('Retry-After'));
  return seconds > 0 ? seconds : otherwise;
};
