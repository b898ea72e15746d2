/** A line that is overwritten in place on the terminal. */
interface ShownLine {
  readonly erase: () => void;
}

/** The progress lines that are on the terminal now. */
export const shownLines = new Set<ShownLine>();

/** Makes room for a message. Lines whose work continues are drawn again within a second. */
export function eraseShownLines(): void {
  for (const line of shownLines) line.erase();
}
