import { paint } from './colour.ts';
import { visibleJson, visibleText } from './printable.ts';
import { eraseShownLines } from './shown-lines.ts';

/**
 * Prints `vmlet: TEXT` to stderr. Characters that control a terminal or break the line are escaped, since names, paths
 * and guest output may contain anything.
 * @param more further lines, indented: hints, commands to try.
 */
export function note(text: string, ...more: readonly string[]): void {
  writeLines('vmlet:', text, more);
}

/** The same for an error. */
export function complain(text: string, ...more: readonly string[]): void {
  writeLines(paint('red', 'vmlet:', process.stderr), text, more);
}

function writeLines(prefix: string, text: string, more: readonly string[]): void {
  const lines = [`${prefix} ${visibleText(text)}`, ...more.map((line) => `  ${visibleText(line)}`)];
  eraseShownLines();
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

/** The same without the prefix `vmlet:`. */
export function sayPlainly(text: string): void {
  eraseShownLines();
  process.stderr.write(`${visibleText(text)}\n`);
}

/** Prints a line with a name or path to stdout: escaped on a terminal, unchanged for a program. */
export function printLine(text: string): void {
  eraseShownLines();
  process.stdout.write(`${process.stdout.isTTY ? visibleText(text) : text}\n`);
}

export function printLines(lines: readonly string[]): void {
  for (const line of lines) printLine(line);
}

/** Prints indented JSON to stdout. Characters that could control a terminal are escaped without changing the value. */
export function printJson(value: unknown): void {
  printJsonText(JSON.stringify(value, null, 2));
}

/** The same for text that is already JSON. */
export function printJsonText(json: string): void {
  process.stdout.write(`${visibleJson(json)}\n`);
}
