import { ownLocations } from '../machine/paths/own-locations.ts';
import type { Template } from './template.ts';
import { type ListedTemplate, TemplateShelf } from './template-shelf.ts';

/** The named templates of this user, sorted by name; damaged ones with what is wrong with them. */
export function listTemplates(): ListedTemplate[] {
  return new TemplateShelf(ownLocations()).list();
}

/** @throws TemplateNotFoundError, BrokenTemplateError, InvalidInputError for what can be no name. */
export function openTemplate(name: string): Template {
  return new TemplateShelf(ownLocations()).require(name);
}

/**
 * Removes a named template, a damaged one too. Machines that were forked of it go on.
 * @throws TemplateNotFoundError, InvalidInputError for what can be no name.
 */
export function removeTemplate(name: string): void {
  new TemplateShelf(ownLocations()).remove(name);
}
