import { paint } from './colour.ts';
import { visibleJson, visibleText } from './printable.ts';

/**
 * Says something on stderr, as `vmlet: TEXT`. What of it steers a terminal or breaks the line is shown instead: names,
 * paths and what a guest said may hold anything.
 * @param more further lines, which are indented: hints, commands to try.
 */
export function note(text: string, ...more: readonly string[]): void {
  writeLines('vmlet:', text, more);
}

/** The same of an error. */
export function complain(text: string, ...more: readonly string[]): void {
  writeLines(paint('red', 'vmlet:', process.stderr), text, more);
}

function writeLines(prefix: string, text: string, more: readonly string[]): void {
  const lines = [`${prefix} ${visibleText(text)}`, ...more.map((line) => `  ${visibleText(line)}`)];
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

/** The same without `vmlet:` before it. */
export function sayPlainly(text: string): void {
  process.stderr.write(`${visibleText(text)}\n`);
}

/** A name or path on a line of stdout: as it is for a program, and harmless on a terminal. */
export function printLine(text: string): void {
  process.stdout.write(`${process.stdout.isTTY ? visibleText(text) : text}\n`);
}

export function printLines(lines: readonly string[]): void {
  for (const line of lines) printLine(line);
}

/** Prints indented JSON on stdout. Characters that could control a terminal are escaped; its meaning is the same. */
export function printJson(value: unknown): void {
  printJsonText(JSON.stringify(value, null, 2));
}

/** The same of what is JSON already. */
export function printJsonText(json: string): void {
  process.stdout.write(`${visibleJson(json)}\n`);
}
