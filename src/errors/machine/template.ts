import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** No template has this name. */
export class TemplateNotFoundError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_NOT_FOUND';
  readonly template: string;

  constructor(template: string) {
    super(`no such template: ${template}`, {
      hint: 'list templates with: vmlet template ls; create a template with: vmlet template create NAME',
    });
    this.template = template;
  }
}

/** The name of a new template is taken. */
export class TemplateExistsError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_EXISTS';
  readonly template: string;

  constructor(template: string) {
    super(`template "${template}" already exists`, {
      hint: `choose another name, add --replace (in a program, existing: 'replace') to replace the existing template, or remove it: vmlet template rm ${template}`,
    });
    this.template = template;
  }
}

/** A template cannot be removed or replaced while pools fork it. */
export class TemplateInUseError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_IN_USE';
  readonly template: string;
  /** Names of the pools. */
  readonly pools: readonly string[];

  constructor(template: string, pools: readonly string[]) {
    super(`template "${template}" is in use by ${pools.map((pool) => `pool "${pool}"`).join(', ')}`, {
      hint: `remove the pool first: vmlet pool rm ${pools.join(' ')}`,
    });
    this.template = template;
    this.pools = pools;
  }
}

/** The host has changed in a way that the template's memory depends on: forks of it would crash or misbehave. */
export class TemplateStaleError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_STALE';
  readonly template: string;
  /** One description for each difference. */
  readonly differences: readonly string[];

  constructor(template: string, differences: readonly string[]) {
    super(`template "${template}" is stale: ${differences.join('; ')}`, {
      hint: `create the template again with the same options: vmlet template create ${template} --replace … (in code: createTemplate with existing: "replace")`,
    });
    this.template = template;
    this.differences = differences;
  }
}

/** A template's own files are corrupt. */
export class BrokenTemplateError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_BROKEN';
  readonly template: string;

  constructor(template: string, problem: string, details: ErrorDetails = {}) {
    super(`template "${template}" is corrupt: ${problem}`, {
      hint: `remove the template, and create it again: vmlet template rm ${template}`,
      ...details,
    });
    this.template = template;
  }
}
