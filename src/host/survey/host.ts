import type * as z from 'zod';
import type { surveySchema } from './survey-schema.ts';

/** Result of a probe of this host, with or without QEMU. Plain data: printable, and cached as JSON. */
export type Survey = z.infer<typeof surveySchema>;
export type QemuFeatures = NonNullable<Survey['qemu']>;
export type QemuImgFeatures = NonNullable<Survey['qemuImg']>;
export type PasstFeatures = NonNullable<Survey['passt']>;
export type VirtiofsdFeatures = NonNullable<Survey['virtiofsd']>;
export type KvmVerdict = Survey['accelerator']['kvm'];

/** A host that can run guests: a survey with QEMU. */
export type Host = Survey & { readonly qemu: QemuFeatures };
