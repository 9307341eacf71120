/**
 * Views of messages for those who take them. Where all sockets read into one buffer, and a read is
 * one frame of audio like the one before, its view is the one before: one object serves them all.
 */

export class MessageViews {
  #of: Buffer | undefined;
  #from = 0;
  #to = 0;
  #view: Uint8Array = new Uint8Array(0);

  /** The bytes from `from` to `to`, valid until the next is asked for. */
  view(bytes: Buffer, from: number, to: number): Uint8Array {
    if (bytes === this.#of && from === this.#from && to === this.#to) return this.#view;
    this.#of = bytes;
    this.#from = from;
    this.#to = to;
    this.#view = new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
    return this.#view;
  }
}
