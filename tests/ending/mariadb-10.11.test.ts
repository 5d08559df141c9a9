import { describeEndings } from './suite.ts';

await describeEndings('mariadb-10.11');
