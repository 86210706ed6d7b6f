# Makes books with SQL-Ledger's own modules, in a database of its own. Reads what to do as JSON, a line an action, and prints the
# program's own ageing as JSON. usage: sqlledger.pl DATABASE, with PGHOST, PGPORT and PGUSER set
use strict;
use warnings;
use DBI;
use JSON::PP;
use POSIX ();

my ($database) = @ARGV;
@ARGV = ();
my @actions = map { JSON::PP->new->utf8->decode($_) } <STDIN>;
my $home = $ENV{SQL_LEDGER} || '/usr/share/sql-ledger';
chdir $home or die "$home: $!";
unshift @INC, $home;
open STDIN, '<', '/dev/null' or die $!;
require "SL/$_.pm" for qw(Form User AA IS IC CT CP OP AM RP);
no warnings;
no strict 'refs';

# A page's form, as the program passes it from one module to the next; what it takes for a refusal ends this script
sub form {
    local $_ = '';
    my $form = Form->new('/tmp');
    %$form = (%$form, login => 'admin', vc => 'customer', arap => 'ar', ARAP => 'AR', precision => 2, defaultcurrency => 'USD', @_);
    return $form;
}
*Form::error = sub { die "SQL-Ledger refuses: $_[1]\n" };
*Form::dberror = sub { die "SQL-Ledger: $_[1] $DBI::errstr\n" };

# Its modules keep things in package globals, as a CGI program may, so each posting has a process of its own
sub apart {
    my ($work) = @_;
    pipe my $reader, my $writer or die $!;
    my $child = fork;
    if (!$child) {
        my $said = eval { $work->() };
        print $writer $@ ? "!$@" : $said;
        close $writer;
        POSIX::_exit(0);
    }
    close $writer;
    my $said = join '', <$reader>;
    waitpid $child, 0;
    die substr $said, 1 if $said =~ /^!/;
    return $said;
}

my %server = (dbdriver => 'Pg', dbhost => $ENV{PGHOST}, dbport => $ENV{PGPORT}, dbuser => $ENV{PGUSER});
User->dbcreate(form(%server, db => $database, dbdefault => 'postgres', encoding => 'UTF8', chart => 'Default', company => 'Test', dateformat => 'yyyy-mm-dd'));
my $my = {
    dbdriver => 'Pg', dbconnect => "dbi:Pg:dbname=$database;host=$ENV{PGHOST};port=$ENV{PGPORT}", dbuser => $ENV{PGUSER}, dbpasswd => '',
    numberformat => '1000.00', dateformat => 'yyyy-mm-dd', dboptions => "set DateStyle to 'ISO'",
};
AM->save_account($my, form(accno => '4900', description => 'Discount given', charttype => 'A', category => 'I', AR_discount => 'AR_discount'));
AM->save_account($my, form(accno => '2315', description => 'Tax', charttype => 'A', category => 'L', AR_tax => 'AR_tax', IC_taxservice => 'IC_taxservice'));
AM->save_defaults($my, form(IC => '1520', IC_income => '4020', IC_expense => '5010', fxgainloss => '4450', cashovershort => '5810', sinumber => '5000', customernumber => 'K100', precision => 2));
AM->save_currency($my, form(curr => $_->[0], prec => $_->[1])) for ['JPY', 0], ['KWD', 3];
my $part = form(item => 'service', partnumber => 'S1', description => 'Work', IC_income => '4320--x', IC_expense => '5010--x', sellprice => 100);
IC->save($my, $part);

my (%customer, %id);
my %common = (AR => '1200--x', exchangerate => 1, currency => 'USD');

sub heads {
    my ($do) = @_;
    return (
        %common, invnumber => $do->{ref}, transdate => $do->{day}, duedate => $do->{due}, customer_id => $customer{$do->{customer}},
        currency => $do->{currency}, exchangerate => $do->{rate}, precision => $do->{digits}, ponumber => $do->{po}, pending => $do->{pending},
        ($do->{again} ? (id => $id{$do->{again}}) : ()), ($do->{recurring} ? (recurring => $do->{recurring}) : ()),
    );
}

sub id_of {    # also of what a receipt left behind, whose number the program gave
    my ($ref) = @_;
    return $id{$ref} ||= Form::dbconnect(form(), $my)->selectrow_array('SELECT id FROM ar WHERE invnumber = ?', undef, $ref);
}

sub payments {
    my ($do) = @_;
    my @paid = @{ $do->{payments} || [] };
    my %lines = (paidaccounts => @paid + 1);
    for my $i (1 .. @paid) {
        @lines{"paid_$i", "datepaid_$i", "exchangerate_$i", "source_$i"} = @{ $paid[$i - 1] };
        $lines{"AR_paid_$i"} = '1060--x';
    }
    return %lines;
}

my %actions = (
    customer => sub {
        my ($do) = @_;
        my $form = form(db => 'customer', name => $do->{name}, curr => 'USD', email => $do->{email}, customernumber => $do->{number});
        CT->save($my, $form);
        $customer{$do->{number}} = $form->{id};
    },
    rename => sub {
        my ($do) = @_;
        my $dbh = Form::dbconnect(form(), $my);
        my $owner = $customer{$do->{number}};
        my ($address, $contact) = map { $dbh->selectrow_array("SELECT id FROM $_ WHERE trans_id = $owner") } qw(address contact);
        CT->save($my, form(db => 'customer', id => $owner, addressid => $address, contactid => $contact, curr => 'USD', name => $do->{name}, customernumber => $do->{number}, enddate => $do->{ended}));
    },
    transaction => sub {
        my ($do) = @_;
        my $form = form(
            heads($do), payments($do), type => $do->{credit} ? 'credit_note' : 'transaction', rowcount => 1, amount_1 => $do->{amount},
            AR_amount_1 => '4320--x', taxincluded => $do->{tax} ? 1 : 0, taxaccounts => $do->{tax} ? '2315' : '', tax_2315 => $do->{tax}, onhold => $do->{hold},
        );
        $id{$do->{ref}} = apart(sub { AA->post_transaction($my, $form); $form->{id} });
    },
    parts => sub {
        my ($do) = @_;
        my $tax = $do->{tax} ? '2315' : '';
        my $form = form(
            heads($do), payments($do), type => $do->{credit} ? 'credit_invoice' : 'invoice', rowcount => 2, id_1 => $part->{id}, qty_1 => 1, sellprice_1 => $do->{amount},
            description_1 => 'Work', unit_1 => 'h', taxaccounts_1 => $tax, taxaccounts => $tax, '2315_rate' => 0.19,
        );
        $id{$do->{ref}} = apart(sub { IS->post_invoice($my, $form); $form->{id} });
    },
    receipt => sub {
        my ($do) = @_;
        my @lines = @{ $do->{lines} };
        my $form = form(
            %common, type => 'receipt', payment => 'payment', formname => 'receipt', AR_paid => '1060--x', AR_discount => '4900--x', customer_id => $customer{$do->{customer}},
            currency => $do->{currency}, exchangerate => $do->{rate}, datepaid => $do->{day}, amount => $do->{amount}, source => 'chk', rowcount => scalar @lines, pending => $do->{pending},
        );
        for my $i (1 .. @lines) {
            my ($ref, $paid, $discount) = @{ $lines[$i - 1] };
            @$form{"id_$i", "paid_$i", "discount_$i", "checked_$i"} = (id_of($ref), $paid, $discount, 1);
        }
        apart(sub { CP->post_payment($my, $form); 1 });
    },
    void_receipt => sub {
        my ($do) = @_;
        apart(sub { CP->void_payments($my, form(rowcount => 1, id_1 => $id{$do->{ref}}, accno_1 => '1060', source_1 => $do->{source})); 1 });
    },
    delete => sub {
        my ($do) = @_;
        apart(sub { AA->delete_transaction($my, form(id => $id{$do->{ref}}, invnumber => $do->{ref})); 1 });
    },
);
$actions{$_->{do}}->($_) for @actions;

my @buckets = qw(0 15 30 45 60 75 90);
my $report = form(todate => '2026-12-31', map { ("c$_" => 1) } @buckets);
RP->aging($my, $report);
my @listed;
for my $row (@{ $report->{AG} }) {
    my $left = 0;
    $left += $row->{"c$_"} / $row->{exchangerate} for @buckets;
    push @listed, { ref => $row->{invnumber}, customer => $row->{customernumber}, currency => $row->{curr}, open => sprintf('%.4f', $left) };
}
print JSON::PP->new->encode(\@listed);
