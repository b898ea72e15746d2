/** Returns the file of names in private networks for the keeper of a named machine. @param directory the machine's own. */
export function namesFile(directory: string): string {
  return `${directory}/keeper/names`;
}
