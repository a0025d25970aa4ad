<?php
/*
 * The rival: the same job as a competent PHP script on a shared host would do it. One file, PDO,
 * a new connection in every request (shared hosts forbid persistent ones: each would hold one of
 * the user's few connections for ever); on a machine of its own it may keep them ('persistent').
 *
 * The same as ours: the proof of the caller (address and Basic, constant time), the same patterns
 * and limits, check as one SELECT, pay as one INSERT … SELECT that the unique key guards, the
 * first answer again for a repeat, "ask again" for every surprise, one log line a request, the
 * same XML to the byte.
 * Left out, in PHP's favour: other banks and dialects, parameters given twice, session settings
 * (sql_mode, lock wait), retries after a deadlock, real calendar dates (a pattern must do), the
 * look for an earlier payment before a wrong sum or date is refused.
 */
declare(strict_types=1);

const TXN_ID = '/^[0-9]{1,20}$/D';
const SUM = '/^[0-9]{1,20}\.[0-9]{2}$/D';
const DATE = '/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/D';

const FIND = 'SELECT a.number, a.name, a.state,
    (SELECT COALESCE(SUM(i.amount), 0) FROM invoice AS i
      WHERE i.account_id = a.id AND i.state = \'issued\')
  - (SELECT COALESCE(SUM(p.amount), 0) FROM payment AS p
      WHERE p.account_id = a.id AND p.state = \'paid\') AS owed
  FROM account AS a WHERE a.number = :account AND LENGTH(a.number) = LENGTH(:account2)';

const PAY = 'INSERT INTO payment (bank, txn_id, account_id, amount, currency, state,
                     paid_at, created_at, performed_at)
SELECT :bank, :txn_id, a.id, :amount, :currency, \'paid\', :paid_at, :created_at, :performed_at
  FROM account AS a
 WHERE a.number = :account AND LENGTH(a.number) = LENGTH(:account2) AND a.state = \'active\'';

const REPEATED = 'SELECT p.id, p.amount, p.state, a.number
  FROM payment AS p LEFT JOIN account AS a ON a.id = p.account_id
 WHERE p.bank = :bank AND p.txn_id = :txn_id';

const DUPLICATE_KEY = 1062;

function is_bank(array $config): bool
{
    return in_array($_SERVER['REMOTE_ADDR'] ?? '', $config['allow'], true)
        && hash_equals($config['username'], $_SERVER['PHP_AUTH_USER'] ?? '')
        && hash_equals($config['password'], $_SERVER['PHP_AUTH_PW'] ?? '');
}

function database(array $config): PDO
{
    // Emulated prepares, PDO's default for MySQL: real ones would cost a second round trip.
    return new PDO($config['dsn'], $config['db_user'], $config['db_password'], [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
        PDO::ATTR_TIMEOUT => 3,
        PDO::ATTR_PERSISTENT => $config['persistent'],
    ]);
}

/** Returns the statement, executed. */
function run(PDO $database, string $statement, array $values): PDOStatement
{
    $prepared = $database->prepare($statement);
    $prepared->execute($values);
    return $prepared;
}

/** Returns the result code and what else stands in the answer. */
function answer(array $config, array $query): array
{
    $command = $query['command'] ?? '';
    $account = $query['account'] ?? null;
    if ($command !== 'check' && $command !== 'pay') {
        return [300, 'wrong request'];
    }
    $txn_id = $query['txn_id'] ?? ($command === 'check' ? '' : null);
    if ($txn_id === null || ($txn_id !== '' && !preg_match(TXN_ID, $txn_id))) {
        return [300, 'wrong request'];
    }
    if ($account === null) {
        return [300, 'wrong request'];
    }
    if (!preg_match($config['account_pattern'], $account)) {
        return [4, 'wrong account number'];
    }
    $sum = $query['sum'] ?? '';
    if (($command === 'pay' || $sum !== '') && !preg_match(SUM, $sum)) {
        return [300, 'wrong sum'];
    }
    if ($command === 'pay' && !preg_match(DATE, $query['txn_date'] ?? '', $date)) {
        return [300, 'wrong date'];
    }
    // Two decimals are certain here, so whole kopecks are exact.
    if ($sum !== '' && (int) str_replace('.', '', $sum) < $config['min_sum']) {
        return [241, 'sum is too small'];
    }
    if ($sum !== '' && (int) str_replace('.', '', $sum) > $config['max_sum']) {
        return [242, 'sum is too large'];
    }
    $database = database($config);
    if ($command === 'check') {
        return check($database, $account);
    }
    $paid_at = "$date[1]-$date[2]-$date[3] $date[4]:$date[5]:$date[6]";
    return pay($database, $config, $txn_id, $account, $sum, $paid_at);
}

function refusal(array|false $found): ?array
{
    return match ($found['state'] ?? null) {
        'active' => null,
        'closed' => [79, 'account is closed'],
        'blocked' => [7, 'account is blocked'],
        null => [5, 'account not found'],
    };
}

function check(PDO $database, string $account): array
{
    $found = run($database, FIND, ['account' => $account, 'account2' => $account])->fetch();
    $name = preg_replace('/(\S)\S*/u', '$1***', $found['name'] ?? '');
    return refusal($found) ?? [0, 'OK', 'fields' => ['name' => $name, 'debt' => $found['owed'] ?? '']];
}

function pay(
    PDO $database,
    array $config,
    string $txn_id,
    string $account,
    string $sum,
    string $paid_at
): array {
    $key = ['bank' => $config['bank'], 'txn_id' => $txn_id];
    $now = (new DateTimeImmutable('now', new DateTimeZone('UTC')))->format('Y-m-d H:i:s.v');
    try {
        $done = run($database, PAY, $key + [
            'amount' => $sum,
            'currency' => $config['currency'],
            'paid_at' => $paid_at,
            'created_at' => $now,
            'performed_at' => $now,
            'account' => $account,
            'account2' => $account,
        ]);
        if ($done->rowCount() === 1) {
            return [0, 'OK', 'prv_txn' => $database->lastInsertId(), 'sum' => $sum];
        }
    } catch (PDOException $error) {
        if (($error->errorInfo[1] ?? 0) !== DUPLICATE_KEY) {
            throw $error;
        }
    }
    $payment = run($database, REPEATED, $key)->fetch();
    if ($payment !== false) {
        if (($payment['number'] ?? $account) !== $account || $payment['amount'] !== $sum) {
            return [300, 'this payment number was used before'];
        }
        return $payment['state'] === 'paid'
            ? [0, 'OK', 'prv_txn' => (string) $payment['id'], 'sum' => $payment['amount']]
            : [7, 'payment was cancelled'];
    }
    $found = run($database, FIND, ['account' => $account, 'account2' => $account])->fetch();
    return refusal($found) ?? [1, 'try later'];
}

function xml(string $txn_id, array $answer): string
{
    $text = fn(string $value): string => htmlspecialchars($value, ENT_XML1 | ENT_QUOTES, 'UTF-8');
    $xml = '<?xml version="1.0" encoding="UTF-8"?><response>';
    $xml .= "<osmp_txn_id>{$text($txn_id)}</osmp_txn_id>";
    if (isset($answer['prv_txn'])) {
        $xml .= "<prv_txn>{$answer['prv_txn']}</prv_txn><sum>{$answer['sum']}</sum>";
    }
    $xml .= "<result>$answer[0]</result>";
    if (isset($answer['fields'])) {
        $xml .= '<fields>';
        $number = 0;
        foreach ($answer['fields'] as $name => $value) {
            $number++;
            $xml .= "<field$number name=\"$name\">{$text($value)}</field$number>";
        }
        $xml .= '</fields>';
    }
    return "$xml<comment>{$text($answer[1])}</comment></response>";
}

$started = hrtime(true);
$config = require $_SERVER['OSMP_CONFIG'];
if (!is_bank($config)) {
    http_response_code(401);
    header('WWW-Authenticate: Basic');
    exit;
}
$query = array_filter($_GET + $_POST, 'is_string');
try {
    $answer = answer($config, $query);
} catch (Throwable $error) {
    error_log((string) $error);
    $answer = [1, 'try later'];
}
$txn_id = $query['txn_id'] ?? '';
header('Content-Type: text/xml; charset=utf-8');
echo xml(preg_match(TXN_ID, $txn_id) ? $txn_id : '', $answer);
error_log(json_encode([
    'time' => gmdate('c'),
    'bank' => $config['bank'],
    'address' => $_SERVER['REMOTE_ADDR'],
    'command' => $query['command'] ?? '',
    'txn_id' => $txn_id,
    'account' => $query['account'] ?? '',
    'sum' => $query['sum'] ?? '',
    'code' => $answer[0],
    'ms' => intdiv(hrtime(true) - $started, 1000000),
]) . "\n", 3, $config['log']);
