import type { StorageStatus } from '../../operations/status.ts';
import { formatBytes, formatCount } from '../output/format.ts';
import { html, type Html } from './html.ts';

export function storageBlock(storage: StorageStatus): Html {
  const { path, usedBytes, backups, freeBytes, totalBytes, growthPerDay, daysUntilFull } = storage;
  const taken = totalBytes > 0 ? Math.round((100 * (totalBytes - freeBytes)) / totalBytes) : 0;
  const growth =
    growthPerDay === undefined
      ? undefined
      : `${growthPerDay < 0 ? '−' : '+'}${formatBytes(Math.abs(growthPerDay))}`;
  const full = daysUntilFull === undefined ? undefined : formatCount(Math.floor(daysUntilFull), 'day');
  return html`<section>
    <h2>Storage</h2>
    <dl class="figures">
      ${figure('Backups', String(backups))} ${figure('Their size', formatBytes(usedBytes))}
      ${figure('Growth per day, last week', growth)} ${figure('Free', formatBytes(freeBytes))}
      ${figure('Full in about', full)}
    </dl>
    <div class="bar" role="img" aria-label="${taken} % of the file system is used">
      <div style="width:${taken}%"></div>
    </div>
    <p class="faint">${path}: ${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free</p>
  </section>`;
}

function figure(name: string, value: string | undefined): Html {
  if (value === undefined) return html``;
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
