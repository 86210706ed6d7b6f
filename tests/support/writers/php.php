<?php
// Invoices by PDF libraries for PHP: LIBRARY FOLDER, and on stdin as JSON a list of invoices, each of labels and values.
// The Nth is written to FOLDER/N.pdf.

function tcpdf(array $lines, string $font): string {
    $pdf = new TCPDF();
    $pdf->setPrintHeader(false);
    $pdf->setPrintFooter(false);
    $pdf->AddPage();
    $pdf->SetFont($font, '', 11);
    foreach ($lines as [$label, $value]) {
        $pdf->MultiCell(45, 0, $label, 0, 'L', false, 0);
        $pdf->MultiCell(26, 0, $value, 0, 'L', false, 1);
    }
    return $pdf->Output('', 'S');
}

function fpdf(array $lines): string {
    $pdf = new FPDF();
    $pdf->AddPage();
    $pdf->SetFont('Helvetica', '', 11);
    foreach ($lines as [$label, $value]) {
        $top = $pdf->GetY();
        $pdf->Cell(45, 7, mb_convert_encoding($label, 'CP1252', 'UTF-8'));
        $pdf->SetXY(60, $top);
        $pdf->MultiCell(24, 7, mb_convert_encoding($value, 'CP1252', 'UTF-8'), 0, 'L');
    }
    return $pdf->Output('S');
}

function dompdf(array $lines, string $style): string {
    $rows = '';
    // A first line without a value is the title.
    $title = $lines[0][1] === '' ? array_shift($lines)[0] : 'Invoice';
    foreach ($lines as [$label, $value]) {
        $rows .= '<tr><td>' . htmlspecialchars($label) . '</td><td class="v">' . htmlspecialchars($value) . '</td></tr>';
    }
    $pdf = new Dompdf\Dompdf();
    $pdf->loadHtml("<meta charset=utf-8><style>$style</style><h1>$title</h1><table>$rows</table>", 'UTF-8');
    $pdf->render();
    return $pdf->output();
}

[, $library, $folder] = $argv;
require [
    'tcpdf' => '/usr/share/php/tcpdf/tcpdf.php',
    'tcpdf-unicode' => '/usr/share/php/tcpdf/tcpdf.php',
    'fpdf' => '/usr/share/php/fpdf/fpdf.php',
    'dompdf' => '/usr/share/php/dompdf/autoload.php',
    'dompdf-narrow' => '/usr/share/php/dompdf/autoload.php',
][$library];
foreach (json_decode(stream_get_contents(STDIN)) as $number => $lines) {
    file_put_contents("$folder/$number.pdf", match ($library) {
        'tcpdf' => tcpdf($lines, 'helvetica'),
        'tcpdf-unicode' => tcpdf($lines, 'dejavusans'),
        'fpdf' => fpdf($lines),
        'dompdf' => dompdf($lines, 'td { letter-spacing: 0.2em }'),
        'dompdf-narrow' => dompdf($lines, 'table { table-layout: fixed; width: 230px } td.v { width: 70px }'),
    });
}
