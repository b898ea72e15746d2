import type { Scope } from '../util/scope.ts';
import type { Locations } from '../machine/paths/locations.ts';
import { Template } from './template.ts';
import type { TemplateRecord } from './template-record.ts';

/** A template without a name, removed when it is disposed, or when this process exits. */
export class TemporaryTemplate extends Template implements AsyncDisposable {
  readonly #scope: Scope;

  constructor(record: TemplateRecord, directory: string, locations: Locations, scope: Scope) {
    super(record, directory, locations);
    this.#scope = scope;
  }

  /** Removes its files. Machines forked from it keep running. */
  async remove(): Promise<void> {
    await this.#scope.close();
  }

  /** Removes the template. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}
