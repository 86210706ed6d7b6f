# Makes books with LedgerSMB's own code and database functions, in a database of its own. Reads what to do as JSON, a line an action,
# and prints its report AR Outstanding as JSON. usage: ledgersmb.pl DATABASE, with PGHOST, PGPORT and PGUSER (a superuser) set
use strict;
use warnings;
no warnings 'once';
use JSON::PP;
use DBI;

my ($home, $database);
BEGIN {
    $home = $ENV{LEDGERSMB} || '/usr/share/ledgersmb';
    chdir $home or die "$home: $!";
    unshift @INC, "$home/lib", "$home/old/lib";
    $ENV{LSMB_CONFIG_FILE} ||= '/etc/ledgersmb/ledgersmb.conf';
}
use LedgerSMB::Sysconfig;
use LedgerSMB::App_State;
use LedgerSMB::Form;
use LedgerSMB::AA;
use LedgerSMB::PGNumber;
use LedgerSMB::Locale;
use LedgerSMB::Database;

($database) = @ARGV;
my @actions = map { JSON::PP->new->utf8->decode($_) } <STDIN>;
{
    open my $kept, '>&', \*STDOUT or die $!;    # what it says while it loads its schema is no report
    open STDOUT, '>&', \*STDERR or die $!;
    my $new = LedgerSMB::Database->new({ dbname => $database, username => $ENV{PGUSER}, password => 'none' });
    $new->create_and_load;
    $new->load_coa({ country => 'us', chart => 'General.sql' });
    open STDOUT, '>&', $kept or die $!;
}
my $dbh = DBI->connect("dbi:Pg:dbname=$database", undef, undef, { AutoCommit => 1, RaiseError => 1, PrintError => 0, pg_enable_utf8 => 1 });
my $my = { numberformat => '1000.00', dateformat => 'yyyy-mm-dd', dbh => $dbh };
LedgerSMB::App_State::set_DBH($dbh);
LedgerSMB::App_State::set_User($my);
LedgerSMB::App_State::set_Locale(LedgerSMB::Locale->get_handle('en'));

sub value { my ($sql, @bound) = @_; return scalar $dbh->selectrow_array($sql, undef, @bound) }

value('SELECT setting__set(?, ?)', 'curr', 'USD:EUR:JPY:KWD');
my %account = map { $_ => value('SELECT id FROM account WHERE accno = ?', $_) } qw(1200 1060 4010 5690);
my (%entity, %customer, %id, %owner);

my %actions = (
    customer => sub {
        my ($do) = @_;
        my $number = $do->{number};
        $entity{$number} = value('SELECT entity_id FROM company__save(?, 2, ?, NULL, NULL, NULL, 232, NULL, NULL)', "E-$number", $do->{name});
        $customer{$number} = value(
            'SELECT eca__save(NULL, 2, ?, ?, ?, false, 0, ?, ?, ?, NULL, NULL, NULL, ?, NULL, NULL, 0, ?, ?, NULL, NULL, ?)',
            $entity{$number}, $do->{name}, $do->{discount} || 0, $do->{discount} ? 3650 : 0, 30, $number, $do->{currency} || 'USD',
            @account{1200, 1060}, $do->{discount} ? $account{5690} : undef,
        );
        $dbh->do('SELECT eca__save_contact(?, 12, ?, ?, NULL, NULL)', undef, $customer{$number}, 'billing', $do->{email});
    },
    rename => sub {
        my ($do) = @_;
        $dbh->do('SELECT * FROM company__save(?, 2, ?, NULL, ?, NULL, 232, NULL, NULL)', undef, "E-$do->{number}", $do->{name}, $entity{$do->{number}});
    },
    transaction => sub {
        my ($do) = @_;
        my @paid = @{ $do->{payments} || [] };
        my $form = bless {
            dbh => $dbh, vc => 'customer', ARAP => 'AR', arap => 'ar', login => 'admin', invnumber => $do->{ref}, transdate => $do->{day}, duedate => $do->{due},
            crdate => $do->{day}, customer_id => $customer{$do->{customer}}, currency => $do->{currency}, defaultcurrency => 'USD', exchangerate => $do->{rate},
            AR => '1200--x', rowcount => 1, amount_1 => $do->{amount}, AR_amount_1 => '4010--x', taxincluded => $do->{tax} ? 1 : 0,
            taxaccounts => $do->{tax} ? '2150' : '', tax_2150 => $do->{tax}, paidaccounts => scalar @paid, department => '', employee => '', bu_class => [],
            reverse => $do->{credit} ? 1 : 0, separate_duties => 1, approved => 0, ponumber => $do->{po},
        }, 'Form';
        for my $i (1 .. @paid) {
            @$form{"paid_$i", "datepaid_$i", "exchangerate_$i", "source_$i", "memo_$i", "AR_paid_$i"} = (@{ $paid[$i - 1] }, '', '1060--x');
        }
        AA->post_transaction($my, $form);
        $id{$do->{ref}} = $form->{id};
        $owner{$do->{ref}} = $do->{customer};
        value('SELECT draft_approve(?)', $form->{id}) unless $do->{draft};
    },
    receipt => sub {
        my ($do) = @_;
        my @lines = @{ $do->{lines} };
        value(
            'SELECT payment_post(?, 2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', $do->{day}, $customer{$do->{customer}}, $do->{currency}, 'n', 'd',
            [($account{1060}) x @lines], [map { $_->[1] } @lines], [(1) x @lines], [($do->{source}) x @lines], [('') x @lines], [map { $id{$_->[0]} } @lines],
            [], [], [], [], [], [], 1,
        );
    },
    batch => sub {    # a receipt in bulk, in a batch that somebody has posted or not
        my ($do) = @_;
        my $batch = value('SELECT batch_create(?, ?, ?, ?)', $do->{batch}, 'x', 'receipt', $do->{day});
        value('SELECT payment_bulk_post(?, ?, ?, ?, ?, ?, ?, 2, 1, ?)', [[$id{$do->{ref}}, $do->{amount}]], $batch, $do->{batch}, $do->{amount}, '1200', '1060', $do->{day}, 'USD');
        value('SELECT batch_post(?)', $batch) if $do->{posted};
    },
    reverse_receipt => sub {
        my ($do) = @_;
        my $batch = value('SELECT batch_create(?, ?, ?, ?)', $do->{batch}, 'x', 'receipt_reversal', $do->{day});
        value('SELECT payment__reverse(?, ?, ?, ?, ?, 2, ?, NULL, 1, ?)', $do->{source}, $do->{paid}, $customer{$do->{customer}}, '1060', $do->{day}, $batch, 'USD');
        value('SELECT batch_post(?)', $batch);
    },
    close => sub { my ($do) = @_; $dbh->do('UPDATE ar SET force_closed = true WHERE id = ?', undef, $id{$do->{ref}}) },
    hold => sub { my ($do) = @_; $dbh->do('UPDATE ar SET on_hold = true WHERE id = ?', undef, $id{$do->{ref}}) },
    delete => sub { my ($do) = @_; value('SELECT draft_delete(?)', $id{$do->{ref}}) },
);
$actions{$_->{do}}->($_) for @actions;

my $rows = $dbh->selectall_arrayref('SELECT * FROM report__aa_outstanding_details(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)', { Slice => {} });
my @listed;
for my $row (@$rows) {
    my ($currency) = $row->{curr} =~ /(\w+)/;
    my $own = value('SELECT max(due_fx) FROM payment_get_open_invoices(2, ?, ?, NULL, NULL, NULL, NULL) WHERE invoice_id = ?', $customer{$owner{$row->{invnumber}}}, $currency, $row->{id});
    push @listed, { ref => $row->{invnumber}, currency => $currency, home => "$row->{due}", open => defined $own ? "$own" : undef };
}
print JSON::PP->new->encode(\@listed);
