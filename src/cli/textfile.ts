import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { asVyaError } from '../errors.ts';
import { readStoredFacts } from '../operations/status/stored-facts.ts';
import { status } from '../operations/status.ts';
import { metricsText } from './output/metrics.ts';
import type { Setup } from './setup.ts';
import { statusJob } from './status-report.ts';

/** @throws VyaError `storage` */
export async function readMetrics(setup: Setup): Promise<string> {
  const facts = await readStoredFacts(setup.config.storage.basePath);
  const report = await status(statusJob(setup, []), facts, setup.operation);
  return metricsText(report, facts.trail, setup.config.health);
}

/**
 * Writes metrics.textfile anew, where it is configured, in one step: node_exporter must never read a half one. It is for everybody
 * to read, because node_exporter is another user. Never throws: what cannot be written is complained of, because what monitoring reads
 * would grow old unseen.
 */
export async function writeTextfile(setup: Setup): Promise<void> {
  const { textfile } = setup.config.metrics;
  if (textfile === undefined) return;
  const draft = `${textfile}.${process.pid}.new`;
  try {
    await writeFile(draft, await readMetrics(setup), { flag: 'wx' });
    await chmod(draft, 0o644);
    await rename(draft, textfile);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    const needs = 'Its directory has to be there, and writable for the user whom vya runs as.';
    setup.complain(`the metrics were not written to ${textfile}: ${asVyaError(error).message}. ${needs}`);
  }
}
