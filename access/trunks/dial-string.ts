/** What may stand in a dial string: nothing that ends the number and begins something else. */
const numberPattern = /^[A-Za-z0-9+*#._:@-]{1,128}$/;

/** Whether a number can be put into a dial string. */
export function isDialable(to: string): boolean {
  return numberPattern.test(to);
}

/** Said of a number that cannot be dialled. */
export const notDialable = "the number has characters that a dial string cannot hold";

/** Keys as the port has them. */
export function areKeys(digits: string): boolean {
  return /^[0-9*#A-D]{1,64}$/.test(digits);
}

/** Said of keys that are none. */
export const noKeys = "keys are 1 to 64 of 0-9 * # A-D";
