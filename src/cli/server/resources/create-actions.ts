import * as z from 'zod';
import type { SeedOptions } from '../../../index.ts';
import type { CreateOptions } from '../../../machines/index.ts';
import { createFlags } from '../../../public/named-options.ts';
import { wordsOf } from '../../flags/option-flags.ts';
import { SEED_OPTIONS } from '../../flags/seed-flags.ts';
import { type Actions, action, option, progressOf, shellCommand } from './action.ts';

/** The library validates the rest: its errors name the field. */
export const newMachineSchema = z.looseObject({
  name: z.string(),
  start: z.boolean().optional(),
  seed: z.looseObject({}).optional(),
});

type NewMachineBody = z.output<typeof newMachineSchema>;

/** Files on the host that the command would read instead. */
const FILES: Readonly<Record<string, string>> = { userData: 'FILE', network: 'FILE', files: 'FILE:GUEST' };

/** The creation of a machine, and the check of its options, for a page that shows the command meanwhile. */
export const CREATE_ACTIONS: Actions = {
  create: action(
    'Create a machine, with the options of vmlet create by their names in the library',
    newMachineSchema,
    (_none, body) => createWords(body),
    async ({ store, body, signal, onProgress }) => {
      const limits = {
        signal,
        onProgress: (news: Parameters<typeof progressOf>[0]) => onProgress(progressOf(news)),
      };
      const machine = await store.create(optionsOf(body), limits);
      if (body.start !== true) return { name: machine.name };
      onProgress({ text: `starting ${machine.name}`, created: true });
      const live = await machine.start({
        signal,
        onProgress: (news) => onProgress({ ...progressOf(news), created: true }),
      });
      return { name: machine.name, ports: live.ports() };
    },
    ({ name }) => name,
  ),
};

export function optionsOf({ start: _start, ...options }: NewMachineBody): CreateOptions {
  return options;
}

export function createCommandLine(body: NewMachineBody): string {
  return shellCommand(createWords(body));
}

function createWords({ name, start, seed, ...options }: NewMachineBody): string[] {
  return [
    'create',
    name,
    ...wordsOf(createFlags, options),
    ...(seed === undefined ? [] : seedWords(seed)),
    ...option('--start', start),
  ];
}

function seedWords(seed: SeedOptions): string[] {
  const words = Object.entries(seed).flatMap(([field, value]: [string, unknown]) => {
    const flag = SEED_OPTIONS[field];
    if (flag === undefined || value === undefined) return [];
    const file = FILES[field];
    if (file !== undefined) return [flag, file];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.flatMap((one) => [flag, typeof one === 'string' ? one : JSON.stringify(one)]);
  });
  return words.length === 0 ? ['--cloud-init'] : words;
}
