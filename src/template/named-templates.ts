import { ownLocations } from '../machine/paths/own-locations.ts';
import { refusePooled } from './pool/refuse-pooled.ts';
import type { Template } from './template.ts';
import { type ListedTemplate, TemplateShelf } from './template-shelf.ts';

/** Lists the named templates of this user, sorted by name; damaged ones with their problem. */
export function listTemplates(): ListedTemplate[] {
  return new TemplateShelf(ownLocations()).list();
}

/**
 * Opens a named template. @throws TemplateNotFoundError, BrokenTemplateError, InvalidInputError for an invalid name.
 */
export function openTemplate(name: string): Template {
  return new TemplateShelf(ownLocations()).require(name);
}

/**
 * Removes a named template, even a damaged one. Machines forked from it keep running.
 * @throws TemplateInUseError while a pool forks it, TemplateNotFoundError, InvalidInputError for an invalid name.
 */
export function removeTemplate(name: string): void {
  const shelf = new TemplateShelf(ownLocations());
  const found = shelf.directories().find((one) => one.name === name);
  if (found) refusePooled(found);
  shelf.remove(name);
}
