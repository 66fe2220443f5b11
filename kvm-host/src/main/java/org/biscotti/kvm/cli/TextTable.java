package org.biscotti.kvm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A table for a terminal: the first column to the left, the others to the right, headings over
 * several columns in their middle.
 */
final class TextTable {
  private static final String GAP = "  ";

  private final List<List<Cell>> rows = new ArrayList<>();

  /**
   * Text in one or more columns.
   *
   * @param columns how many
   */
  record Cell(String text, int columns) {}

  /** Adds a row with a cell in each column; it may have fewer than others. */
  TextTable row(String... cells) {
    return row(Arrays.stream(cells).map(text -> new Cell(text, 1)).toArray(Cell[]::new));
  }

  /** Adds a row. */
  TextTable row(Cell... cells) {
    rows.add(List.of(cells));
    return this;
  }

  /** The rows as lines, each with its end. */
  String render() {
    int[] widths = columnWidths();
    StringBuilder text = new StringBuilder();
    for (List<Cell> row : rows) {
      StringBuilder line = new StringBuilder();
      int column = 0;
      for (Cell cell : row) {
        line.append(column == 0 ? "" : GAP).append(render(cell, column, widths));
        column += cell.columns();
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /** Cells over several columns must do with what the others need. */
  private int[] columnWidths() {
    int columns = rows.stream().mapToInt(TextTable::columns).max().orElse(0);
    int[] widths = new int[columns];
    for (List<Cell> row : rows) {
      int column = 0;
      for (Cell cell : row) {
        if (cell.columns() == 1) {
          widths[column] = Math.max(widths[column], cell.text().length());
        }
        column += cell.columns();
      }
    }
    return widths;
  }

  private static int columns(List<Cell> row) {
    return row.stream().mapToInt(Cell::columns).sum();
  }

  private static String render(Cell cell, int column, int[] widths) {
    int width = GAP.length() * (cell.columns() - 1);
    for (int i = 0; i < cell.columns(); i++) {
      width += widths[column + i];
    }
    int padding = Math.max(0, width - cell.text().length());
    if (column == 0) {
      return cell.text() + " ".repeat(padding);
    }
    int right = cell.columns() == 1 ? 0 : padding / 2;
    return " ".repeat(padding - right) + cell.text() + " ".repeat(right);
  }
}
