/** Where a call was made, so that an error built much later, when the reply comes, points at the caller. */
export class CallSite {
  /** V8 formats this on first use only; capturing it costs about a microsecond. */
  declare readonly stack: string;

  constructor() {
    Error.captureStackTrace(this, CallSite);
  }

  /** Gives `error` this call's stack. */
  blame<E extends Error>(error: E): E {
    const frames = this.stack.indexOf('\n');
    error.stack = `${error.name}: ${error.message}${frames === -1 ? '' : this.stack.slice(frames)}`;
    return error;
  }
}
