/** A path of the host, or of a machine. */
export interface Place {
  readonly machine: string | undefined;
  readonly path: string;
}

/** A machine's name has no slash, so a slash before the colon makes it a local path. */
export function parsePlace(text: string): Place {
  const [, machine, path] = /^([^:/]+):(.*)$/s.exec(text) ?? [];
  return machine === undefined || path === undefined ? { machine: undefined, path: text } : { machine, path };
}
