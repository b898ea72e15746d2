import { InvalidInputError } from '../../errors/index.ts';
import { MICRO } from '../../images/record/reference.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import type { RequestedBackend } from '../../network/plan/network.ts';
import type { Template } from '../../template/template.ts';
import { TemplateShelf } from '../../template/template-shelf.ts';
import type { CreateOptions } from '../spec/create-options.ts';

/** Options that a machine that begins as a template has of its own. */
const OWN = [
  'name',
  'template',
  'ports',
  'mac',
  'diskSize',
  'labels',
  'limits',
  'sshUser',
  'protect',
  'volumes',
  'mounts',
] as const;

/**
 * Completes the options of a machine that begins as a template; returns others unchanged.
 * @throws TemplateNotFoundError, BrokenTemplateError, and InvalidInputError for options that contradict the template, and
 *   for a template that no named machine can begin as.
 */
export function withTemplateOptions(locations: Locations, options: CreateOptions): CreateOptions {
  const { template: name } = options;
  if (name === undefined) return options;
  const foreign = Object.entries(options).find(
    ([key, value]) => value !== undefined && value !== false && !OWN.some((own) => own === key),
  );
  if (options.networks !== undefined) {
    throw new InvalidInputError(
      'networks',
      'cannot be used together with a template: its saved memory has no card for a private network',
      {
        hint: `leave out the network, and connect the machine when it has been started and stopped once: vmlet network connect NETWORK ${options.name}`,
      },
    );
  }
  if (foreign) {
    throw new InvalidInputError(
      foreign[0],
      'cannot be used together with a template, because the template determines this setting',
      {
        hint: `leave out this option, or create the machine without template "${name}"`,
      },
    );
  }
  const template = new TemplateShelf(locations).require(name);
  requireMicro(template);
  const { memoryBytes, cpus, plan } = template;
  return {
    ...options,
    image: MICRO,
    memory: memoryBytes,
    cpus,
    accel: plan.accelerator.kind,
    cpu: plan.cpu,
    net: backendOf(template),
  };
}

/** The disks of others would have to be copied, and their devices are elsewhere than those of a named machine. */
function requireMicro({ name, image, plan }: Template): void {
  const { disks, seed, cards } = plan;
  const reason =
    image !== MICRO
      ? 'is not based on the image micro'
      : disks.length > 0 || seed !== undefined
        ? 'has additional disks'
        : cards.length > 0
          ? 'has additional network cards'
          : undefined;
  if (reason === undefined) return;
  throw new InvalidInputError(
    'template',
    `template "${name}" cannot be used for a named machine, because the template ${reason}`,
    { hint: `use this template with vmlet run: vmlet run --template ${name} -- COMMAND` },
  );
}

function backendOf({ plan: { network } }: Template): RequestedBackend | 'none' {
  if (!network) return 'none';
  return network.backend === 'slirp' ? 'slirp' : 'auto';
}
