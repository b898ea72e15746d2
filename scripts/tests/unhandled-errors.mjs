// A reporter of vitest: records errors that were thrown outside tests, with the file that ran. The JSON report does not
// contain them.
import { appendFileSync } from 'node:fs';

export default class UnhandledErrors {
  onTestRunEnd(_modules, errors) {
    for (const { VITEST_TEST_PATH: path } of errors) {
      appendFileSync(process.env.VMLET_TEST_GUARDS, `unhandled error in ${path ?? 'no file'}\n`);
    }
  }
}
