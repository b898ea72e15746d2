/** The schemas of definitions of machines and of their changes, for the description of the HTTP API. */
export { changesSchema } from '../machines/spec/changed-spec.ts';
export { createSchema } from '../machines/spec/create-options.ts';
export { backingSchema, specSchema } from '../machines/spec/machine-spec.ts';
export { seedSchema } from '../guest/seed/seed-options.ts';
