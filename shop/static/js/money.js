/** Money as the pages write it: 3680 fen is "¥36.80". */
export const fen = (amount) => {
  const whole = Math.abs(Math.trunc(amount));
  return `${amount < 0 ? '−' : ''}¥${Math.trunc(whole / 100)}.${String(whole % 100).padStart(2, '0')}`;
};
