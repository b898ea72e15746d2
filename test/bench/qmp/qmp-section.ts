import { benchQmp, describeQmpBench } from './qmp.ts';
import type { Section } from '../section.ts';

export const qmp: Section = {
  title: 'QMP against a bare socket loop (at least 0.95) and against node-qemu and qemu-qmp (faster)',
  rounds: 15,
  async run() {
    const result = await benchQmp();
    return { text: describeQmpBench(result), data: result };
  },
};
