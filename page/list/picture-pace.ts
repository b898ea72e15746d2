/** Between pictures of a screen that changes. */
export const EVERY_MS = 4000;
const AT_REST_MS = 8 * EVERY_MS;
const BUSY_PERCENT = 10;
/** A cursor that blinks makes two pictures of one screen. */
const PICTURES = 2;

/** How often a screen is looked at: more and more rarely while it shows the same. Each picture costs QEMU and the server. */
export class PicturePace {
  #tags: readonly string[] = [];
  #everyMs = 0;
  #sinceMs = 0;

  /** @param tag the same for the same picture; undefined when none could be taken. */
  took(tag: string | undefined): void {
    const isKnown = tag !== undefined && this.#tags.includes(tag);
    this.#everyMs = isKnown ? Math.min(2 * this.#everyMs, AT_REST_MS) : EVERY_MS;
    this.#sinceMs = 0;
    this.#tags =
      tag === undefined ? [] : [tag, ...this.#tags.filter((one) => one !== tag)].slice(0, PICTURES);
  }

  waited(ms: number): void {
    this.#sinceMs += ms;
  }

  /** @param processor use in percent; 100 is one processor of the host. */
  isDue(processor: number): boolean {
    // The guest is not at rest: a picture soon after its work shows the result.
    if (processor > BUSY_PERCENT) this.#everyMs = EVERY_MS;
    return this.#sinceMs >= this.#everyMs || processor > BUSY_PERCENT;
  }
}
