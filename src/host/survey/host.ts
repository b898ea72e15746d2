import type * as z from 'zod';
import type { surveySchema } from './survey-schema.ts';

/** Of the shape of `Survey`; raised whenever that changes, so that an older cache is not read. */
export const SURVEY_VERSION = 6;

/** What was found on this host, with or without QEMU. Plain data: printable, and cached as JSON. */
export type Survey = z.infer<typeof surveySchema>;
export type QemuFeatures = NonNullable<Survey['qemu']>;
export type PasstFeatures = NonNullable<Survey['passt']>;
export type KvmVerdict = Survey['accelerator']['kvm'];

/** A host that can run guests: a survey that found QEMU. */
export type Host = Survey & { readonly qemu: QemuFeatures };
